"""Writes reviewed findings as patches for training, so that the model learns from its surveys."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.cells import CELL_PX
from crackscan.core.errors import CrackscanError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.values import ReviewVerdict, StoredFinding

FOLDERS = {ReviewVerdict.ACCEPTED: "positive", ReviewVerdict.REJECTED: "negative"}
"""The class folders that `crackscan-train fit` reads."""


@dataclass(frozen=True)
class PatchParameters:
    """The patches of one finding."""

    side_px: int = 224
    """The default patch size of `crackscan-train fit`; smaller if the picture is."""
    max_patches: int = 6
    """Of one finding, so that a long crack does not outweigh many short ones."""
    jpeg_quality: int = 95


PARAMETERS = PatchParameters()
_Cells = NDArray[np.int64]


@dataclass(frozen=True)
class ExportedPatches:
    """How many patches were written, and how many reviewed findings gave none."""

    positive: int
    negative: int
    without_picture: int
    """Findings whose picture is missing, or kept only as a reduced copy."""
    ambiguous: int
    """Rejected findings near something that may be a crack: such a patch has no certain label."""


def export_patches(
    survey: SurveyReader, folder: Path, source_folder: Path | None = None
) -> ExportedPatches:
    """Write patches of accepted findings to `positive/` and of rejected ones to `negative/`.

    Patches are cut around the finding's cells, at the resolution that was scanned. Several surveys
    may share a folder. Patches that this survey wrote there before are replaced, so that a changed
    verdict leaves no wrong label.

    Raises CrackscanError if nothing has been reviewed or the disk cannot be written.
    """
    prefix = survey.uuid()[:13]
    cell_px = int(survey.settings().get("cell_px", CELL_PX))
    reviewed, not_rejected = _read_findings(survey)
    if not reviewed:
        raise CrackscanError(
            f"{survey.folder}: no finding has been reviewed; run crackscan review first"
        )
    _clear_patches(folder, prefix)
    pictures = SurveyPictures(survey.folder, source_folder)
    counts: Counter[ReviewVerdict] = Counter()
    without_picture = ambiguous = 0
    for finding in reviewed:
        assert finding.verdict is not None
        rgb = _read_scanned_frame(pictures, finding)
        if rgb is None:
            without_picture += 1
            continue
        is_rejected = finding.verdict is ReviewVerdict.REJECTED
        others = not_rejected[finding.sighting.frame] if is_rejected else []
        patches = cut_patches(rgb, finding, cell_px, others)
        ambiguous += not patches
        for index, patch in enumerate(patches):
            name = f"{prefix}-{finding.id:06d}-{index}.jpg"
            write_picture(folder / FOLDERS[finding.verdict] / name, patch, PARAMETERS.jpeg_quality)
        counts[finding.verdict] += len(patches)
    return ExportedPatches(
        counts[ReviewVerdict.ACCEPTED], counts[ReviewVerdict.REJECTED], without_picture, ambiguous
    )


def cut_patches(
    rgb: RGB, finding: StoredFinding, cell_px: int, others: Sequence[StoredFinding]
) -> list[RGB]:
    """Square patches that together show the finding's cells, none with a cell of the others.

    `rgb` is the frame, uint8 (height, width, 3), at the resolution that was scanned.
    """
    height, width = rgb.shape[:2]
    side = min(PARAMETERS.side_px, height, width)
    remaining = _cell_centres(finding, cell_px)
    foreign = np.concatenate(
        [np.empty((0, 2), np.int64), *(_cell_centres(other, cell_px) for other in others)]
    )
    patches: list[RGB] = []
    while len(remaining) and len(patches) < PARAMETERS.max_patches:
        # From the topmost cell on: its nearest neighbours share the patch with it.
        first = remaining[0]
        near = remaining[np.abs(remaining - first).max(axis=1) < side // 2]
        centre = near.mean(axis=0)
        top = int(np.clip(centre[0] - side / 2, 0, height - side))
        left = int(np.clip(centre[1] - side / 2, 0, width - side))
        half = cell_px // 2
        if not _are_inside(foreign, top - half, left - half, side + 2 * half).any():
            patches.append(np.ascontiguousarray(rgb[top : top + side, left : left + side]))
        shown = _are_inside(remaining, top, left, side)
        shown[0] = True
        remaining = remaining[~shown]
    return patches


def _read_findings(
    survey: SurveyReader,
) -> tuple[list[StoredFinding], dict[str, list[StoredFinding]]]:
    """The reviewed findings, and those not rejected by the name of their frame."""
    reviewed: list[StoredFinding] = []
    not_rejected: dict[str, list[StoredFinding]] = defaultdict(list)
    for finding in survey.findings():
        if finding.verdict is not None:
            reviewed.append(finding)
        if finding.verdict is not ReviewVerdict.REJECTED:
            not_rejected[finding.sighting.frame].append(finding)
    return reviewed, not_rejected


def _clear_patches(folder: Path, prefix: str) -> None:
    """Make the class folders and delete the patches that a survey wrote there before."""
    try:
        for name in FOLDERS.values():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for old in (folder / name).glob(f"{prefix}-*.jpg"):
                old.unlink()
    except OSError as error:
        raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None


def _read_scanned_frame(pictures: SurveyPictures, finding: StoredFinding) -> RGB | None:
    """A finding's frame in the size that the model got, or None if only a smaller one is left."""
    sighting = finding.sighting
    rgb = pictures.read_frame(finding)
    if rgb is None or rgb.shape[1] < sighting.frame_width:
        return None
    if rgb.shape[1] > sighting.frame_width:
        size = sighting.frame_width, sighting.frame_height
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return rgb


def _cell_centres(finding: StoredFinding, cell_px: int) -> _Cells:
    """The centres of a finding's cells, (n, 2): y, x in pixels of the frame."""
    return np.array(finding.sighting.cells, np.int64) * cell_px + cell_px // 2


def _are_inside(points: _Cells, top: int, left: int, side: int) -> NDArray[np.bool_]:
    low = np.array([top, left])
    inside = (points >= low) & (points < low + side)
    return np.asarray(inside.all(axis=1), np.bool_)
