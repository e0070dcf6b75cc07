"""The sets of labelled patches that a model's page is made from, each readable again and again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from crackscan.core.dataset.patches import PATCH, POSITIVE_PIXELS
from crackscan.core.dataset.selection import Label, PatchReader, Photograph, select_patches
from crackscan.core.dataset.split import Side
from crackscan.core.pictures import read_picture
from crackscan.train.data.field_annotations import Annotation, draw_masks
from crackscan.train.evaluate.predict import Pictures

Patches = Iterator[tuple[Label, Pictures]]
NEAR_PX = 16
"""A crack-free square of a photograph is at least this far from a crack or a doubt."""


@dataclass(frozen=True)
class JudgedSet:
    """Patches of one kind."""

    name: str
    note: str
    """What to know of it when reading its figures."""
    read: Callable[[], Patches]
    photographs: Callable[[], Iterator[Photograph]] | None = None
    """Whole photographs with masks, where there are some."""
    credit: str = ""
    """Whose pictures they are; empty where they may not be shown."""
    drawn: bool = True
    """Whether it has a reliability diagram and pictures, not only figures."""


def close_ups(root: Path, split: Path, side: Side) -> JudgedSet:
    """One side of METU's split."""
    judged = select_patches(root, split, side, split)
    return JudgedSet(
        f"METU, {side} side",
        "close-ups like those trained on, no copies of them",
        lambda: PatchReader(judged).read_patches(lambda: None),
        credit="METU close-ups: Ç. F. Özgenel, DOI 10.17632/5y9wdsg2zt.2, CC BY 4.0",
        drawn=side == "validation",
    )


def development_set(root: Path) -> JudgedSet:
    """DeepCrack's development photographs, which are for research only."""
    judged = select_patches(root, None, None, root / "no-split")
    return JudgedSet(
        "DeepCrack, development photographs",
        "chose epoch, temperature and thresholds; squares of 128 px",
        lambda: PatchReader(judged).read_patches(lambda: None),
        lambda: PatchReader(judged).read_photographs(lambda: None),
    )


def rendered_set(pool: Path, first_seed: int) -> JudgedSet:
    """A pool of renderings; a picture with fewer than 60 crack pixels, but some, is left out."""
    rgb, mask = (np.load(pool / name, mmap_mode="r") for name in ("rgb.npy", "mask.npy"))

    def read() -> Patches:
        for at, pixels in enumerate((np.asarray(mask) > 127).sum((1, 2))):
            if pixels == 0 or pixels >= POSITIVE_PIXELS:
                name = f"rendering {first_seed + at}"
                yield Label(name, name, bool(pixels)), np.array(rgb[at])

    return JudgedSet(
        "renderings",
        "of seeds that nothing was trained on or chosen by; crack-free ones show look-alikes",
        read,
        credit="renderings: crackscan, on such close-ups",
    )


def field_set(root: Path, annotations: Sequence[Annotation]) -> JudgedSet:
    """Squares of 128 px of the annotated field photographs that are sure to show one or none."""

    def read() -> Patches:
        for one in annotations:
            rgb = read_picture(root / one.file)
            crack, ignore = draw_masks(one, rgb.shape[:2])
            doubt = cv2.dilate(np.maximum(crack, ignore), np.ones((2 * NEAR_PX + 1,) * 2, np.uint8))
            for top in range(0, rgb.shape[0] - PATCH + 1, PATCH):
                for left in range(0, rgb.shape[1] - PATCH + 1, PATCH):
                    square = np.s_[top : top + PATCH, left : left + PATCH]
                    shows = bool(np.count_nonzero(crack[square]) >= POSITIVE_PIXELS)
                    if shows or not doubt[square].any():
                        label = Label(f"{one.file} at {left}, {top}", one.file, shows)
                        yield label, np.ascontiguousarray(rgb[square])

    return JudgedSet(
        "field photographs",
        "**trained on**: shows what the model still gets wrong, not how good it is",
        read,
        credit="field photographs: credits on the page",
    )
