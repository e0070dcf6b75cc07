"""Reviewed findings as patches that training takes: the loop from the wall back to the model."""

from collections import defaultdict
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
from crackscan.edge.survey.values import StoredFinding, Verdict

FOLDERS = {Verdict.ACCEPTED: "positive", Verdict.REJECTED: "negative"}
"""As `crackscan-train fit` names the classes."""
PATCH_PX, MOST_PATCHES = 224, 6
"""Side of a patch, and how many one finding gives at the most."""
_QUALITY = 95
_Cells = NDArray[np.int64]


@dataclass(frozen=True)
class Exported:
    """How many patches were written, and which reviewed findings gave none."""

    positive: int
    negative: int
    without_picture: int
    crowded: int
    """Rejected findings beside something that may be a crack: such a patch has no sure label."""


def export_training(survey: SurveyReader, folder: Path, source: Path | None = None) -> Exported:
    """Write patches of accepted findings to `positive/`, of rejected ones to `negative/`.

    Patches are squares of PATCH_PX, smaller where the picture is, at the resolution that was
    scanned, around the finding's cells. Several surveys may share a folder; what this one wrote
    there before is replaced, so that a verdict that changed leaves nothing behind.

    Raises CrackscanError where nothing has been reviewed, or the disk does not take it.
    """
    prefix = survey.uuid()[:13]
    cell_px = int(survey.settings().get("cell_px", CELL_PX))
    reviewed: list[StoredFinding] = []
    doubtful: dict[str, list[StoredFinding]] = defaultdict(list)
    for found in survey.findings():
        if found.verdict is not None:
            reviewed.append(found)
        if found.verdict is not Verdict.REJECTED:
            doubtful[found.sighting.frame].append(found)
    if not reviewed:
        raise CrackscanError(f"{survey.folder}: nothing has been reviewed: crackscan review first")
    try:
        for name in FOLDERS.values():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for old in (folder / name).glob(f"{prefix}-*.jpg"):
                old.unlink()
    except OSError as error:
        raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None
    pictures = SurveyPictures(survey.folder, source)
    counts = dict.fromkeys(FOLDERS, 0)
    without = crowded = 0
    for found in reviewed:
        assert found.verdict is not None
        sighting = found.sighting
        rgb = pictures.read_frame(found)
        if rgb is None or rgb.shape[1] < sighting.frame_width:
            without += 1
            continue
        if rgb.shape[1] > sighting.frame_width:  # the model saw the smaller twin
            size = sighting.frame_width, sighting.frame_height
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        near = doubtful[sighting.frame] if found.verdict is Verdict.REJECTED else []
        patches = _patches(rgb, found, cell_px, [_centres(one, cell_px) for one in near])
        crowded += not patches
        for k, patch in enumerate(patches):
            name = f"{prefix}-{found.id:06d}-{k}.jpg"
            write_picture(folder / FOLDERS[found.verdict] / name, patch, _QUALITY)
            counts[found.verdict] += 1
    return Exported(counts[Verdict.ACCEPTED], counts[Verdict.REJECTED], without, crowded)


def _patches(rgb: RGB, found: StoredFinding, cell_px: int, other: list[_Cells]) -> list[RGB]:
    """Squares that together show the finding's cells, none with a cell of `other` in it."""
    height, width = rgb.shape[:2]
    side = min(PATCH_PX, height, width)
    left_over = _centres(found, cell_px)
    foreign = np.concatenate(other) if other else np.empty((0, 2), np.int64)
    patches: list[RGB] = []
    while len(left_over) and len(patches) < MOST_PATCHES:
        # From the topmost cell on: its nearest neighbours share the square with it.
        first = left_over[0]
        near = left_over[np.abs(left_over - first).max(axis=1) < side // 2]
        middle = near.mean(axis=0)
        top = int(np.clip(middle[0] - side / 2, 0, height - side))
        left = int(np.clip(middle[1] - side / 2, 0, width - side))
        reach = cell_px // 2
        if not _inside(foreign, top - reach, left - reach, side + 2 * reach).any():
            patches.append(np.ascontiguousarray(rgb[top : top + side, left : left + side]))
        seen = _inside(left_over, top, left, side)
        seen[0] = True
        left_over = left_over[~seen]
    return patches


def _centres(found: StoredFinding, cell_px: int) -> _Cells:
    """The middles of a finding's cells, (n, 2): y, x in frame px."""
    return np.array(found.sighting.cells, np.int64) * cell_px + cell_px // 2


def _inside(points: _Cells, top: int, left: int, side: int) -> NDArray[np.bool_]:
    low = np.array([top, left])
    within = (points >= low) & (points < low + side)
    return np.asarray(within.all(axis=1), np.bool_)
