"""The pictures of the report: the frame with the crack marked, the close-up, thumbnails."""

import base64
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from crackscan.core.errors import PictureError
from crackscan.core.pictures import RGB, encode_jpeg, read_picture
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.values import LineArray, Measured, Scale
from crackscan.edge.measurement.width.drawing import STRIP_PX, draw_width
from crackscan.edge.measurement.width.values import Branch, CrackMeasure, Spread, Width
from crackscan.edge.survey.values import Sighting

OVERVIEW_PX, CLOSE_UP_PX, THUMBNAIL_PX = 800, 960, 220
MOST_OVERVIEW_BYTES, MOST_CLOSE_UP_BYTES, MOST_THUMBNAIL_BYTES = 70_000, 110_000, 12_000
WINDOW_PX = 640
"""A longer crack is shown close up at its widest place only."""
AROUND_PX = 32
HALO, LINE, FRAME = (16, 16, 18), (255, 196, 0), (255, 255, 255)
_QUALITIES = (82, 70, 55, 40, 25)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A finding's pictures, RGB uint8."""

    overview: RGB
    close_up: RGB
    part: bool
    """Whether the close-up shows only a part of the crack."""
    has_lines: bool


@dataclass(frozen=True)
class Figures:
    """What is shown of a finding; pictures are data URIs."""

    overview: str
    close_up: str
    part: bool
    """Whether the close-up shows only a part of the crack."""
    has_lines: bool


class Pictures:
    """Finds the pictures of a survey: in its own folder, or where the photographs came from."""

    def __init__(self, survey: Path, source: Path | None) -> None:
        self._survey = survey
        self._source = source
        self._last: tuple[str, RGB] | None = None

    def of_finding(self, picture: str | None, frame: str, width: int) -> RGB | None:
        """RGB uint8 (height, width, 3), or None where no picture is left.

        The record keeps a smaller copy of a large photograph: it gives way to the photograph
        itself, `width` px wide, where that is still there.
        """
        kept = self.of_survey(picture)
        if kept is not None and kept.shape[1] >= width:
            return kept
        whole = self.of_source(frame)
        return whole if kept is None or (whole is not None and whole.shape[1] == width) else kept

    def of_survey(self, picture: str | None) -> RGB | None:
        """A picture that the record keeps, by its path in it."""
        return None if picture is None else self._read(self._survey, picture)

    def of_source(self, frame: str) -> RGB | None:
        """A photograph by its name below the folder that was scanned."""
        return None if self._source is None else self._read(self._source, frame)

    def _read(self, folder: Path, name: str) -> RGB | None:
        path = folder / name
        if not _is_inside(path, folder):
            return None
        if self._last is not None and self._last[0] == str(path):
            return self._last[1]
        try:
            rgb = read_picture(path)
        except PictureError:
            return None
        self._last = str(path), rgb
        return rgb


def figures_of(rgb: RGB, sighting: Sighting, scale: Scale | None) -> Figures:
    """The drawings of a finding as data URIs of bounded size."""
    drawn = draw_finding(rgb, sighting, scale)
    return Figures(
        data_uri(drawn.overview, MOST_OVERVIEW_BYTES),
        data_uri(drawn.close_up, MOST_CLOSE_UP_BYTES),
        drawn.part,
        drawn.has_lines,
    )


def with_close_up(figures: Figures, close_up: RGB) -> Figures:
    """With the close-up that was made of the photograph itself, which is no longer there."""
    uri = data_uri(_at_most(close_up, CLOSE_UP_PX), MOST_CLOSE_UP_BYTES)
    return replace(figures, close_up=uri, part=True)


def draw_finding(rgb: RGB, sighting: Sighting, scale: Scale | None) -> Drawn:
    """The frame with the crack marked, and the close-up with its centre line and widths.

    `rgb` is the frame, or a smaller copy or a finer twin of it.
    """
    box = _shown(sighting)
    window = _window(box, sighting)
    lines = clipped(sighting.lines, window)
    zoom = _zoom(rgb, sighting, window)
    cut = _cut(rgb, sighting, window, zoom)
    if lines:
        cut = draw_width(cut, _measure(sighting, lines, window, zoom), scale)[:-STRIP_PX]
    else:
        cut = _enlarged(cut)
    overview = _overview(rgb, sighting, window)
    return Drawn(overview, _at_most(cut, CLOSE_UP_PX), window != box, bool(lines))


def thumbnail(rgb: RGB) -> str:
    """A small copy as a data URI."""
    return data_uri(_at_most(rgb, THUMBNAIL_PX), MOST_THUMBNAIL_BYTES)


def data_uri(rgb: RGB, most_bytes: int) -> str:
    """RGB uint8 as a JPEG in a data URI."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(rgb, most_bytes)).decode("ascii")


def jpeg(rgb: RGB, most_bytes: int) -> bytes:
    """RGB uint8 as JPEG; the quality falls until it fits, or is at its lowest."""
    for quality in _QUALITIES:
        encoded = encode_jpeg(rgb, quality)
        if len(encoded) <= most_bytes:
            break
    return encoded


def clipped(lines: tuple[LineArray, ...], window: BoundingBox) -> list[LineArray]:
    """The pieces of lines inside a window, at least three points each."""
    kept: list[LineArray] = []
    for line in lines:
        x, y = line[:, 0], line[:, 1]
        inside = (x >= window.left) & (x < window.right) & (y >= window.top) & (y < window.bottom)
        changes = np.flatnonzero(np.diff(inside.astype(np.int8))) + 1
        for piece, whole in zip(np.split(line, changes), np.split(inside, changes), strict=True):
            if len(piece) >= 3 and whole.all():
                kept.append(piece.astype(np.float32))
    return kept


def _is_inside(path: Path, folder: Path) -> bool:
    """Names in a record must not lead out of its folder."""
    try:
        return path.resolve().is_relative_to(folder.resolve()) and path.is_file()
    except OSError:
        return False


def _shown(sighting: Sighting) -> BoundingBox:
    """What the close-up should show: the lines, or the cells where there are none."""
    left, top = sighting.box.left, sighting.box.top
    right, bottom = sighting.box.right, sighting.box.bottom
    if sighting.lines:
        places = np.concatenate([line[:, :2] for line in sighting.lines])
        low, high = places.min(axis=0), places.max(axis=0)
        left, top = int(low[0]), int(low[1])
        right, bottom = int(high[0]) + 1, int(high[1]) + 1
    return BoundingBox(
        max(left - AROUND_PX, 0),
        max(top - AROUND_PX, 0),
        min(right + AROUND_PX, sighting.frame_width),
        min(bottom + AROUND_PX, sighting.frame_height),
    )


def _window(box: BoundingBox, sighting: Sighting) -> BoundingBox:
    """The whole crack, or the part around its widest place where it is long."""
    measures = sighting.measures
    place = measures.width_max_at if measures is not None else None
    if place is None:
        place = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    left, right = _stretch(box.left, box.right, place[0])
    top, bottom = _stretch(box.top, box.bottom, place[1])
    return BoundingBox(left, top, right, bottom)


def _stretch(low: int, high: int, middle: float) -> tuple[int, int]:
    if high - low <= WINDOW_PX:
        return low, high
    begin = int(min(max(middle - WINDOW_PX / 2, low), high - WINDOW_PX))
    return begin, begin + WINDOW_PX


def _zoom(rgb: RGB, sighting: Sighting, window: BoundingBox) -> float:
    """How much finer than the frame a close-up is: as its picture allows and the page needs."""
    longest = max(window.right - window.left, window.bottom - window.top, 1)
    finer = float(rgb.shape[1] / sighting.frame_width)
    return max(min(finer, CLOSE_UP_PX / longest), 1.0)


def _cut(rgb: RGB, sighting: Sighting, window: BoundingBox, zoom: float) -> RGB:
    """A window of the frame, `zoom` times as large as in the frame."""
    factor = rgb.shape[1] / sighting.frame_width
    top, bottom = round(window.top * factor), max(round(window.bottom * factor), 1)
    left, right = round(window.left * factor), max(round(window.right * factor), 1)
    cut = np.ascontiguousarray(rgb[top:bottom, left:right])
    size = (
        max(round((window.right - window.left) * zoom), 1),
        max(round((window.bottom - window.top) * zoom), 1),
    )
    if cut.size == 0:
        return np.zeros((size[1], size[0], 3), np.uint8)
    if (cut.shape[1], cut.shape[0]) != size:
        how = cv2.INTER_AREA if size[0] < cut.shape[1] else cv2.INTER_CUBIC
        cut = np.asarray(cv2.resize(cut, size, interpolation=how), np.uint8)
    return cut


def _measure(
    sighting: Sighting, lines: list[LineArray], window: BoundingBox, zoom: float
) -> CrackMeasure:
    """The record's lines and widths, as the drawing wants them, in px of the window's cut."""
    measures = sighting.measures
    corner = np.array([window.left - 0.5, window.top - 0.5, 0, 0], np.float32)
    half = np.array([0.5, 0.5, 0, 0], np.float32)
    nothing = Width(None, None)
    spread = Spread(nothing, nothing, nothing, None)
    if measures is not None and measures.width_p95 is not None:
        at = measures.width_max_at
        inside = at is not None and (
            window.left <= at[0] < window.right and window.top <= at[1] < window.bottom
        )
        spread = Spread(
            _width(measures.width_median, zoom),
            _width(measures.width_p95, zoom),
            _width(measures.width_max, zoom),
            (
                (float((at[0] - corner[0]) * zoom - 0.5), float((at[1] - corner[1]) * zoom - 0.5))
                if at is not None and inside
                else None
            ),
        )
    branches = tuple(Branch((line - corner) * zoom - half, 0.0, spread) for line in lines)
    return CrackMeasure(branches, 0.0, 0.0, spread, None)


def _width(figure: Measured | None, zoom: float) -> Width:
    if figure is None:
        return Width(None, None)
    return Width(figure.value_px * zoom, figure.uncertainty_px * zoom)


def _overview(rgb: RGB, sighting: Sighting, window: BoundingBox) -> RGB:
    picture = _at_most(rgb, OVERVIEW_PX).copy()
    factor = picture.shape[1] / sighting.frame_width
    corners = [
        (round(window.left * factor), round(window.top * factor)),
        (round(window.right * factor) - 1, round(window.bottom * factor) - 1),
    ]
    for colour, thick in ((HALO, 4), (FRAME, 2)):
        cv2.rectangle(picture, corners[0], corners[1], colour, thick, cv2.LINE_AA)
    ways = [
        np.rint((line[:, :2] * factor) * 8).astype(np.int32)[:, None] for line in sighting.lines
    ]
    for colour, thick in ((HALO, 4), (LINE, 2)):
        cv2.polylines(picture, ways, False, colour, thick, cv2.LINE_AA, 3)
    return picture


def _enlarged(rgb: RGB) -> RGB:
    times = min(max(CLOSE_UP_PX // max(rgb.shape[:2]), 1), 4)
    size = (rgb.shape[1] * times, rgb.shape[0] * times)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _at_most(rgb: RGB, longest_px: int) -> RGB:
    factor = longest_px / max(rgb.shape[:2])
    if factor >= 1:
        return rgb
    size = max(round(rgb.shape[1] * factor), 1), max(round(rgb.shape[0] * factor), 1)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
