"""Selects the patches and masked photographs that a model is evaluated on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crackscan.core.dataset.index import Item, read_index
from crackscan.core.dataset.patches import PATCH, POSITIVE_PIXELS, crack_mask, mask_patches
from crackscan.core.dataset.split import Side, Split
from crackscan.core.dataset.split_file import read_split
from crackscan.core.errors import DataError, PictureError
from crackscan.core.pictures import RGB, read_picture
from crackscan.core.run_folder import SPLIT

ONE_A_PICTURE = "each picture is one patch, labelled by its folder"
PATCHES_OF_PHOTOGRAPHS = (
    f"squares of {PATCH} px without overlap: crack from {POSITIVE_PIXELS} crack pixels on, "
    "no crack with none, the rest left out"
)
CAUTIONS = {
    "train": "The model learned from these very pictures: the figures flatter it.",
    "validation": "The training was steered by these pictures: the figures flatter it a little.",
    "test": "",
    "all": "All pictures of the folder are judged. If the model learned from any of them, or from "
    "copies of them, the figures flatter it.",
}


@dataclass(frozen=True)
class Label:
    """The name of a patch, and what it shows."""

    name: str
    unit: str
    """Its photograph or its group of copies; patches of one unit are not independent."""
    crack: bool


Photograph: TypeAlias = tuple[RGB, NDArray[np.bool_]]
"""uint8 RGB (height, width, 3) and its mask (height, width), True = crack."""


@dataclass(frozen=True)
class PatchSelection:
    """The pictures to evaluate on, and their description."""

    root: Path
    items: tuple[Item, ...]
    masks: bool
    side: str
    """A side of the split, or `all`."""
    split: str = ""
    """Path of the split file, or empty."""
    group: Mapping[str, int] = field(default_factory=dict)
    """By path: a number that copies of one picture share; empty if copies are not known."""

    @property
    def name(self) -> str:
        return self.root.resolve().name

    @property
    def protocol(self) -> str:
        return PATCHES_OF_PHOTOGRAPHS if self.masks else ONE_A_PICTURE


def select_patches(
    data: Path, split: Path | None, side: Side | None, model: Path
) -> PatchSelection:
    """Select one side of `split`, else of the split next to `model` for this data, else all.

    Raises:
        DataError: the folder cannot be used, the split is of other data or is missing.
    """
    index = read_index(data)
    paths = {item.path for item in index.items}
    file = split or model.with_name(SPLIT)
    found = _find_own_split(file, paths) if split is None else read_split(split)
    if found is not None:
        chosen: Side = side or "test"
        group = {member.item.path: member.group for member in found.members}
        items = tuple(found.items(chosen))
        if missing := [item.path for item in items if item.path not in paths]:
            raise DataError(
                f"{file} is a split of other data: {len(missing):,} of its pictures are not in "
                f"{data}, for example {missing[0]}"
            )
        return PatchSelection(data, items, index.has_masks, chosen, str(file), group)
    if side:
        raise DataError(f"there is no split of {data} next to {model}: name one with --split")
    return PatchSelection(data, index.items, index.has_masks, "all")


def _find_own_split(file: Path, paths: set[str]) -> Split | None:
    """The split of the model's run, if it names exactly these pictures."""
    if not file.is_file():
        return None
    found = read_split(file)
    skipped = {each.path for each in found.skipped}
    named = {member.item.path for member in found.members} | skipped
    return found if named - skipped <= paths <= named else None


@dataclass
class PatchReader:
    """Reads pictures one by one; those that cannot be read are skipped and listed."""

    selection: PatchSelection
    skipped: dict[str, str] = field(default_factory=dict)
    """By path: the reason."""
    whole_patches: int = 0
    """Whole patches of the photographs read so far, including those that are left out."""

    def read_patches(self, advance: Callable[[], None]) -> Iterator[tuple[Label, RGB]]:
        """Every patch with its label: a picture of a class folder, or the patches of a photograph.

        Raises:
            DataError: none of the pictures can be read.
        """
        root = self.selection.root
        for item in self.selection.items:
            unit = str(self.selection.group.get(item.path, item.path))
            try:
                if item.label is not None:
                    yield Label(item.path, unit, item.label), read_picture(root / item.path)
                else:
                    for patch in mask_patches(root, [item]):
                        name = f"{item.path} at {patch.x}, {patch.y}"
                        yield Label(name, unit, patch.label), patch.rgb
            except PictureError as error:
                self._note_skipped(item, error)
            advance()
        if self.skipped and len(self.skipped) == len(self.selection.items):
            path, reason = next(iter(self.skipped.items()))
            raise DataError(f"none of {len(self.skipped):,} pictures can be read: {path} {reason}")

    def read_photographs(self, advance: Callable[[], None]) -> Iterator[Photograph]:
        """Every photograph that has a mask."""
        root = self.selection.root
        for item in self.selection.items:
            try:
                if item.mask is not None:
                    rgb = read_picture(root / item.path)
                    mask = crack_mask(root / item.mask, rgb)
                    self.whole_patches += (rgb.shape[0] // PATCH) * (rgb.shape[1] // PATCH)
                    yield rgb, mask
            except PictureError as error:
                self._note_skipped(item, error)
            advance()

    def _note_skipped(self, item: Item, error: PictureError) -> None:
        self.skipped[item.path] = str(error).removeprefix(f"{self.selection.root / item.path} ")
