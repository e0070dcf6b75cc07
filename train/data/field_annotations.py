"""Cracks drawn by eye on real field photographs, as masks and as cell labels for training."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.core.cells import CELL_PX
from crackscan.core.errors import DataError

ANNOTATIONS = Path(__file__).with_name("field_photos.json")
CRACK_PX_IN_CELL = 4
CRACK, INTACT, UNKNOWN = 1, 0, -1

Point = tuple[float, float]
Mask = npt.NDArray[np.uint8]

_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Polyline:
    """One visible crack."""

    points: tuple[Point, ...]
    """The middle of the crack, x and y in pixels of the photograph."""

    width_px: float
    """About how wide it looks."""


@dataclass(frozen=True)
class Annotation:
    """What one photograph shows: everything that is neither crack nor ignored is not a crack."""

    file: str
    width: int
    """Pixels of the photograph the coordinates refer to."""

    height: int
    scene: str
    surface: str
    contents: tuple[str, ...]
    crack_free: bool
    """Nothing in it is a crack, not even to a strict inspector, and nothing is in doubt."""

    crack: tuple[Polyline, ...]
    ignore: tuple[tuple[Point, ...], ...]
    """Polygons inside which nothing is known, except where a crack is drawn."""


def read_annotations(path: Path = ANNOTATIONS) -> tuple[Annotation, ...]:
    """Read the annotations of a set of photographs, in the order of the file.

    Raises DataError where the file is missing, is not an annotation file, or contradicts itself.
    """
    try:
        photos = json.loads(path.read_text(encoding="utf-8"))["photos"]
        annotations = tuple(_read_annotation(photo) for photo in photos)
    except FileNotFoundError:
        raise DataError(f"{path}: no such annotation file") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not an annotation file ({error!r})") from None
    for annotation in annotations:
        if annotation.crack_free and (annotation.crack or annotation.ignore):
            raise DataError(f"{path}: {annotation.file} is called crack-free but has drawings")
    return annotations


def draw_masks(annotation: Annotation, shape: tuple[int, int]) -> tuple[Mask, Mask]:
    """Draw cracks and ignored areas for the photograph at `shape` (height, width).

    Coordinates and widths are scaled from the size annotated to the size asked for, so that a
    photograph resized for training has its masks; a crack stays at least one pixel wide.
    Returns two uint8 arrays of that shape, 255 inside and 0 outside. Where both are drawn,
    the crack counts.
    """
    height, width = shape
    scale = np.array([width / annotation.width, height / annotation.height])
    crack: Mask = np.zeros(shape, np.uint8)
    ignore: Mask = np.zeros(shape, np.uint8)
    for line in annotation.crack:
        thickness = max(1, round(line.width_px * float(scale.mean())))
        points = [_to_fixed_point(line.points, scale)]
        cv2.polylines(crack, points, False, 255, thickness, cv2.LINE_8, _SUBPIXEL_BITS)
    for polygon in annotation.ignore:
        cv2.fillPoly(ignore, [_to_fixed_point(polygon, scale)], 255, cv2.LINE_8, _SUBPIXEL_BITS)
    return crack, ignore


def cell_labels(
    annotation: Annotation, shape: tuple[int, int], cell_px: int = CELL_PX
) -> npt.NDArray[np.int8]:
    """Label every cell of the photograph at `shape` (height, width): int8 (rows, cols).

    1 where at least 4 pixels of the cell are crack; -1, unknown, where the cell touches an
    ignored area or is one of the 8 neighbours of a crack cell; 0 elsewhere: no crack. A last row
    or column that the photograph fills in part is labelled by that part.
    """
    crack, ignore = draw_masks(annotation, shape)
    is_crack = _pixels_in_cells(crack, cell_px) >= CRACK_PX_IN_CELL
    touched = _pixels_in_cells(crack | ignore, cell_px) > 0
    near = cv2.dilate(is_crack.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    labels = np.where(touched | near, UNKNOWN, INTACT).astype(np.int8)
    labels[is_crack] = CRACK
    return labels


def _read_annotation(photo: dict[str, Any]) -> Annotation:
    return Annotation(
        file=str(photo["file"]),
        width=int(photo["width"]),
        height=int(photo["height"]),
        scene=str(photo["scene"]),
        surface=str(photo["surface"]),
        contents=tuple(photo["contents"]),
        crack_free=bool(photo["crack_free"]),
        crack=tuple(
            Polyline(_read_points(line["points"]), float(line["width_px"]))
            for line in photo["crack"]
        ),
        ignore=tuple(_read_points(polygon) for polygon in photo["ignore"]),
    )


def _read_points(pairs: Iterable[tuple[float, float]]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in pairs)


def _to_fixed_point(
    points: tuple[Point, ...], scale: npt.NDArray[np.float64]
) -> npt.NDArray[np.int32]:
    # The centre of pixel (0, 0) is at (0.5, 0.5) of its extent: scaling keeps extents, not centres.
    scaled = (np.array(points) + 0.5) * scale - 0.5
    fixed: npt.NDArray[np.int32] = np.round(scaled * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    return fixed


def _pixels_in_cells(mask: Mask, cell_px: int) -> npt.NDArray[np.int64]:
    height, width = mask.shape
    rows, cols = math.ceil(height / cell_px), math.ceil(width / cell_px)
    whole = np.zeros((rows * cell_px, cols * cell_px), np.int64)
    whole[:height, :width] = mask > 0
    counts: npt.NDArray[np.int64] = whole.reshape(rows, cell_px, cols, cell_px).sum(axis=(1, 3))
    return counts
