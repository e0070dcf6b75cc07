"""One photograph: read, looked at, its cracks measured and drawn; whatever is wrong with it."""

import os
from dataclasses import replace
from math import ceil
from pathlib import Path
from stat import S_ISREG

import numpy as np

from crackscan.core.errors import CrackscanError, PictureError
from crackscan.core.picture_header import Header
from crackscan.core.pictures import MAX_BYTES, RGB, check_header, decode_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.detection.multiscale import at_scale, join, look, map_scales, refined
from crackscan.edge.inference.model import MIN_PX, Model
from crackscan.edge.measurement.scale import ScaleEstimator
from crackscan.edge.measurement.scale.measures import lines_of, measures_of
from crackscan.edge.pipelines.photos.drawing import close_up, small_copy
from crackscan.edge.pipelines.photos.listing import digest_of
from crackscan.edge.pipelines.photos.measuring import measure_parts
from crackscan.edge.pipelines.photos.values import Crack, Looked, Method, Task
from crackscan.edge.positioning.photo import PhotoData, read_photo
from crackscan.edge.survey.values import FileMark

MOST_MEASURED = 60
"""Of a photograph's cracks so many are measured, the surest,"""
MOST_CLOSE_UPS = 12
"""and of so many a close-up is kept."""


class Looker:
    """A model and all that is needed to look at one photograph after the other."""

    def __init__(self, method: Method) -> None:
        """Raises ModelError or ScaleError where the method cannot be followed."""
        self.method = method
        self.model = Model.load(method.model, threads=1)
        self.rule = Rule.of(self.model.card, method.point)
        self.scaling = ScaleEstimator.from_settings(method.scale)

    def look_at(self, task: Task) -> Looked:
        """Look at a photograph; one that cannot be judged says why.

        Raises ScaleError where the method's scale fits no such photograph.
        """
        path = Path(task.path)
        plain = Looked(task.name, task.index)
        try:
            data, mark = read_whole(path)
        except PictureError as error:
            return replace(plain, skipped=_reason(error, path))
        try:
            return self._look_at(replace(plain, file=mark), path, data)
        except PictureError as error:
            return replace(plain, file=mark, skipped=_reason(error, path))
        except MemoryError:
            return replace(plain, skipped="does not fit into memory")
        except CrackscanError:
            raise
        except Exception as error:  # one odd photograph must not end the survey of thousands
            what = " ".join(str(error).split())[:200]
            return replace(plain, skipped=f"could not be judged: {type(error).__name__}: {what}")

    def _look_at(self, plain: Looked, path: Path, data: bytes) -> Looked:
        header = check_header(data, path)
        photo = read_photo(path)
        known = replace(
            plain, taken_s=photo.taken_s, taken_local=photo.taken_local, geotag=photo.geotag
        )
        if min(header.width, header.height) < MIN_PX:
            size = f"{header.width}x{header.height}"
            return replace(known, skipped=f"is too small: {size} pixels")
        scales = map_scales(header.width, header.height, self._mm_per_px(header, path, photo))
        reduction = round(1 / scales[0]) if self._reducible(header, scales) else 1
        rgb = decode_picture(data, path, reduction)
        height, width = _upright(header, rgb, reduction)
        cell_px = self.model.card.cell_px
        shape = -(-height // cell_px), -(-width // cell_px)
        looks = [
            look(self.model, self.rule, at_scale(rgb, height, width, scale), scale, shape)
            for scale in scales
        ]
        if len(looks) > 1:
            looks[1] = refined(looks[1], looks[0], round(1 / scales[1]))
        cracks = join(looks, width, height, cell_px)
        if cracks and reduction > 1:
            del rgb
            rgb = decode_picture(data, path)
        whole = cracks or reduction == 1
        frame = self._frame(rgb if whole else _blank(height, width), path)
        scale = self.scaling.estimate_scale(frame, photo.geotag, photo=photo)
        told = replace(known, width=width, height=height, scale=scale, map_scales=scales)
        if not cracks:
            return told
        measured = tuple(
            self._measured(one, number, frame, photo) for number, one in enumerate(cracks)
        )
        return replace(
            told, cracks=measured, copy=small_copy(rgb) if self.method.close_ups else None
        )

    def _measured(self, crack: Crack, number: int, frame: Frame, photo: PhotoData) -> Crack:
        if number >= MOST_MEASURED:
            return crack
        measure = measure_parts(frame.rgb, crack.cells, self.rule.cell_px)
        scale = self.scaling.estimate_scale(frame, photo.geotag, measure=measure, photo=photo)
        picture = None
        if self.method.close_ups and number < MOST_CLOSE_UPS:
            picture = close_up(frame.rgb, crack.box, measure, scale)
        return replace(
            crack,
            scale=scale,
            measures=measures_of(measure),
            lines=lines_of(measure),
            close_up=picture,
        )

    def _mm_per_px(self, header: Header, path: Path, photo: PhotoData) -> float | None:
        """The sampling distance on the wall, as far as it is known without the pixels."""
        blank = self._frame(_blank(header.height, header.width), path)
        if self.method.scale.target:
            return None
        scale = self.scaling.estimate_scale(blank, photo.geotag, photo=photo)
        return None if scale is None else scale.mm_per_px

    def _reducible(self, header: Header, scales: tuple[float, ...]) -> bool:
        return header.kind == "JPEG" and scales[0] < 1 and not self.method.scale.target

    def _frame(self, rgb: RGB, path: Path) -> Frame:
        return Frame(rgb, 0, path.name, os.fspath(path), 0.0, 0.0)


def read_whole(path: Path) -> tuple[bytes, FileMark]:
    """A file's content, and its mark.

    Raises PictureError where it cannot be read, is empty or too large, or changes meanwhile.
    """
    try:
        if not S_ISREG(path.stat().st_mode):  # a pipe would keep its reader for ever
            raise PictureError(f"{path} is not a regular file")
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > MAX_BYTES:
                raise PictureError(f"{path} is too large: {before.st_size / 1e9:.1f} GB")
            data = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror}") from None
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    if changed or len(data) != after.st_size:
        raise PictureError(f"{path} is still being written")
    if not data:
        raise PictureError(f"{path} is empty (0 bytes)")
    return data, FileMark(len(data), after.st_mtime_ns, digest_of(data))


def _reason(error: PictureError, path: Path) -> str:
    return str(error).removeprefix(str(path)).strip()


def _upright(header: Header, rgb: RGB, reduction: int) -> tuple[int, int]:
    """Height and width of the whole photograph, turned as its decoded picture is."""
    stored = header.height, header.width
    decoded = tuple(ceil(side / reduction) for side in stored)
    return stored if rgb.shape[:2] == decoded else stored[::-1]


def _blank(height: int, width: int) -> RGB:
    """A picture of that size that takes no memory, where only the size counts."""
    return np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
