"""One photograph: read once, searched at the scales it asks for, its cracks measured and drawn.

Whatever command shows a photograph, its findings and widths come from here.
"""

import os
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from crackscan.core.errors import CrackscanError, PictureError
from crackscan.core.picture_metadata import PictureMetadata
from crackscan.core.pictures import RGB, check_header, decode_picture
from crackscan.edge.capture.file_mark import read_marked_file
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, Rule
from crackscan.edge.detection.multiscale import (
    choose_scales,
    coarse_rule,
    detect_at_scale,
    merge_maps,
    merge_scales,
    refine_coarse,
    resize_to_scale,
)
from crackscan.edge.inference.model import MIN_PX, Model, check_picture
from crackscan.edge.measurement.scale import ScaleEstimator
from crackscan.edge.measurement.scale.measures import lines_of, measures_of
from crackscan.edge.pipelines.photos.drawing import (
    annotate_photo,
    close_up,
    preview_photo,
    small_copy,
)
from crackscan.edge.pipelines.photos.measuring import measure_parts
from crackscan.edge.pipelines.photos.values import Method, PhotoResult, Task
from crackscan.edge.positioning.geotag import Geotag
from crackscan.edge.positioning.photo import PhotoData, interpret_metadata


class PhotoDetector:
    """A model with all that is needed to process one photograph after the other.

    Attributes:
        model: the model; not to be used by another thread meanwhile.
        rule: its thresholds at the operating point.
    """

    def __init__(self, method: Method, model: Model | None = None) -> None:
        """Load the model of the method, unless it is given.

        Raises ModelError or ScaleError if the method cannot be followed.
        """
        self.method = method
        self._begin_photo()
        self.model = model or Model.load(method.model, method.threads)
        self.rule = Rule.of(self.model.card, method.point)

    def process_file(self, task: Task, geotag: Geotag | None = None) -> PhotoResult:
        """Find and measure the cracks on a photograph; one that cannot be judged has the reason.

        Args:
            task: the photograph.
            geotag: where it was taken, instead of what its file states.

        Raises ScaleError if the method's scale fits no such photograph.
        """
        self._begin_photo()
        path = Path(task.path)
        plain = PhotoResult(task.name, task.index)
        try:
            data, mark = read_marked_file(path)
        except PictureError as error:
            return replace(plain, skipped=_reason(error, path))
        try:
            return self._detect_file(replace(plain, file=mark), path, data, geotag)
        except PictureError as error:
            return replace(plain, file=mark, skipped=_reason(error, path))
        except MemoryError:
            return replace(plain, skipped="does not fit into memory")
        except CrackscanError:
            raise
        except Exception as error:  # one odd photograph must not end a survey of thousands
            what = " ".join(str(error).split())[:200]
            return replace(plain, skipped=f"could not be judged: {type(error).__name__}: {what}")

    def process_pixels(self, rgb: RGB, name: str = "") -> PhotoResult:
        """Find and measure the cracks on a decoded photograph of which no file is known.

        Args:
            rgb: uint8 (height, width, 3), upright, at least MIN_PX on each side.
            name: recorded in the result.

        Raises ValueError for another kind of array, ScaleError as `process_file`.
        """
        check_picture(rgb)
        self._begin_photo()
        photo = PhotoData()
        size = rgb.shape[0], rgb.shape[1]
        scales = choose_scales(size[1], size[0], self._mm_per_px(_frame_of(rgb, name), photo))
        searched = self._search(rgb, size, scales)
        return self._finish(PhotoResult(name, 0), rgb, name, photo, searched)

    def _begin_photo(self) -> None:
        """Take an estimator of the scale that knows no other photograph.

        It holds two given points for those of the first frame, which other photographs are not.
        """
        self.scaling = ScaleEstimator.from_settings(self.method.scale)

    def _detect_file(
        self, plain: PhotoResult, path: Path, data: bytes, geotag: Geotag | None
    ) -> PhotoResult:
        header = check_header(data, path)
        photo = interpret_metadata(header)
        if geotag is not None:
            photo = replace(photo, geotag=geotag)
        kept, notes = photo.geotag, photo.notes
        if not self.method.keep_position:
            kept = replace(kept, position=None)
        elif geotag is None:
            notes = photo.position_notes + notes
        known = replace(
            plain,
            taken_s=photo.taken_s,
            taken_local=photo.taken_local,
            geotag=kept,
            notes=notes,
        )
        if min(header.width, header.height) < MIN_PX:
            size = f"{header.width}x{header.height}"
            return replace(known, skipped=f"is too small: {size} pixels")
        blank = _frame_of(_blank(header.height, header.width), os.fspath(path))
        scales = choose_scales(header.width, header.height, self._mm_per_px(blank, photo))
        reduction = round(1 / scales[0]) if self._reducible(header, scales) else 1
        rgb = decode_picture(data, path, reduction, header)
        searched = self._search(rgb, _upright_size(header, rgb, reduction), scales)
        if searched.findings and reduction > 1:  # they are measured in all pixels
            del rgb
            rgb = decode_picture(data, path, metadata=header)
        return self._finish(known, rgb, os.fspath(path), photo, searched)

    def _search(self, rgb: RGB, size: tuple[int, int], scales: tuple[float, ...]) -> "_Searched":
        """Search a photograph, decoded in full or reduced, at several scales."""
        height, width = size
        cell_px = self.rule.cell_px
        shape = -(-height // cell_px), -(-width // cell_px)
        detections = [
            detect_at_scale(
                self.model, rule, resize_to_scale(rgb, height, width, scale), scale, shape
            )
            for scale, rule in zip(scales, (self.rule, coarse_rule(self.rule)), strict=False)
        ]
        if len(detections) > 1:
            detections[1] = refine_coarse(detections[1], detections[0], round(1 / scales[1]))
        return _Searched(
            size,
            scales,
            merge_scales(detections, width, height, cell_px),
            max(one.strongest for one in detections),
            merge_maps(detections),
        )

    def _finish(
        self, known: PhotoResult, rgb: RGB, source: str, photo: PhotoData, searched: "_Searched"
    ) -> PhotoResult:
        """Measure what was found, and draw it.

        `rgb` is the photograph in full, or reduced if nothing was found.
        """
        height, width = searched.size
        frame = _frame_of(rgb if rgb.shape[:2] == searched.size else _blank(height, width), source)
        found, close_ups = [], []
        scale = self.scaling.estimate_scale(frame, photo.geotag, photo=photo)
        why = self.scaling.why
        for number, one in enumerate(searched.findings):
            finding = one
            if number < self.method.most_measured:
                measure = measure_parts(rgb, finding.cells, self.rule.cell_px)
                own = self.scaling.estimate_scale(frame, photo.geotag, measure=measure, photo=photo)
                finding = replace(
                    finding, measures=measures_of(measure), lines=lines_of(measure), scale=own
                )
                if number < self.method.most_close_ups:
                    close_ups.append(close_up(rgb, finding.box, measure, own))
            found.append(finding)
        nearest = min(searched.strongest, self.rule.patch)
        result = replace(
            known,
            width=width,
            height=height,
            scale=scale,
            why_no_scale=why,
            map_scales=searched.scales,
            findings=tuple(found),
            probability=found[0].probability if found else nearest,
            close_ups=tuple(close_ups),
            copy=small_copy(rgb) if found and self.method.keep_copy else None,
        )
        if self.method.annotate:
            drawn = annotate_photo(rgb, searched.size, searched.crack_map, found, self.rule)
            result = replace(result, annotated=drawn)
        if self.method.preview:
            preview = preview_photo(rgb, searched.size, searched.crack_map, self.rule)
            result = replace(result, preview=preview)
        return result

    def _mm_per_px(self, frame: Frame, photo: PhotoData) -> float | None:
        """The sampling distance on the wall, as far as it is known without the pixels."""
        if self.method.scale.target:
            return None
        scale = self.scaling.estimate_scale(frame, photo.geotag, photo=photo)
        return None if scale is None else scale.mm_per_px

    def _reducible(self, header: PictureMetadata, scales: tuple[float, ...]) -> bool:
        return header.kind == "JPEG" and scales[0] < 1 and not self.method.scale.target


@dataclass(frozen=True, eq=False)
class _Searched:
    """What was found on a photograph, not measured yet."""

    size: tuple[int, int]
    """Height and width of the whole photograph, px."""
    scales: tuple[float, ...]
    findings: list[Finding]
    """The surest first."""
    strongest: float
    """Probability of the strongest component, finding or not."""
    crack_map: CrackMap
    """Probabilities on the cells of the whole photograph."""


def _reason(error: PictureError, path: Path) -> str:
    return str(error).removeprefix(str(path)).strip()


def _upright_size(header: PictureMetadata, rgb: RGB, reduction: int) -> tuple[int, int]:
    """Height and width of the whole photograph, turned as its decoded picture is."""
    stored = header.height, header.width
    decoded = tuple(ceil(side / reduction) for side in stored)
    return stored if rgb.shape[:2] == decoded else stored[::-1]


def _frame_of(rgb: RGB, source: str) -> Frame:
    return Frame(rgb, 0, source, source, 0.0, 0.0)


def _blank(height: int, width: int) -> RGB:
    """A picture of that size that takes no memory, for steps that need only its size."""
    return np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
