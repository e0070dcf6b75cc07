"""Reads a data folder's names: class folders, or pictures with masks, become one sorted list."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crackscan.core.errors import DataError
from crackscan.core.pictures import is_picture

# fmt: off
POSITIVE = frozenset([
    "positive", "positives", "pos", "crack", "cracks", "cracked", "withcrack", "withcracks",
    "hascrack", "cd", "cp", "cw", "1", "yes", "true",
])
NEGATIVE = frozenset([
    "negative", "negatives", "neg", "nocrack", "nocracks", "noncrack", "noncracks", "noncracked",
    "notcracked", "uncracked", "uncrack", "withoutcrack", "withoutcracks", "crackfree", "intact",
    "background", "ud", "up", "uw", "0", "no", "false",
])
# fmt: on
_ACCEPTED = {
    True: "positive (or crack, cracked, with_crack, CD, CP, CW, 1, yes)",
    False: "negative (or no_crack, non-cracked, uncracked, without_crack, UD, UP, UW, 0, no)",
}
_IMAGES, _MASKS = "images", "masks"
_UNPACKED_BY_MAC = "__MACOSX"


@dataclass(frozen=True)
class Item:
    """One picture of a data folder."""

    path: str
    """Relative to the root, with forward slashes."""
    label: bool | None = None
    """True for a crack, False for none; None where the mask tells."""
    mask: str | None = None
    """The mask's path, relative to the root."""


@dataclass(frozen=True)
class Skipped:
    """A picture that is left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class ClassFolder:
    """What a folder's name was taken for."""

    path: str
    label: bool
    pictures: int


@dataclass(frozen=True)
class Index:
    """The pictures of a data folder, sorted by path."""

    root: Path
    items: tuple[Item, ...]
    classes: tuple[ClassFolder, ...] = ()
    """Empty for pictures with masks."""
    skipped: tuple[Skipped, ...] = ()
    """Pictures without a mask."""
    ignored: int = 0
    """Pictures outside the class folders."""

    @property
    def has_masks(self) -> bool:
        return not self.classes


def read_index(root: Path) -> Index:
    """List what lies in `root`, by names alone; no picture is opened.

    `root` holds `images/` and `masks/` with the same stems, or class folders at any depth, in any
    case and under the names of POSITIVE and NEGATIVE. Raises DataError for a folder that is
    missing, without pictures, with one class only, or with contradictory names.
    """
    if not root.exists():
        raise DataError(f"{root} does not exist")
    if not root.is_dir():
        raise DataError(f"{root} is not a folder: give the folder that holds the class folders")
    folders = {entry.name.lower(): entry for entry in sorted(root.iterdir()) if entry.is_dir()}
    if _IMAGES in folders and _MASKS in folders:
        return _read_masked(root, folders[_IMAGES], folders[_MASKS])
    return _read_classes(root)


def _read_masked(root: Path, images: Path, masks: Path) -> Index:
    mask_of = {path.stem: path for path in _pictures(masks)}
    items, skipped = [], []
    for path in _pictures(images):
        name, mask = _relative(path, root), mask_of.get(path.stem)
        if mask is None:
            skipped.append(Skipped(name, f"has no mask {_relative(masks, root)}/{path.stem}.*"))
        else:
            items.append(Item(name, mask=_relative(mask, root)))
    if not items and not skipped:
        raise DataError(f"{images} holds no pictures")
    if not items:
        raise DataError(f"no picture of {images} has a mask of the same name in {masks}")
    return Index(root, tuple(items), skipped=tuple(skipped))


def _read_classes(root: Path) -> Index:
    names = [_relative(path, root) for path in _pictures(root)]
    if not names:
        raise DataError(f"{root} holds no pictures (JPEG, PNG, TIFF, WebP or BMP)")
    parents = {PurePosixPath(name).parent for name in names}
    opposed = _opposed(parents | {p for folder in parents for p in folder.parents})
    folder_of = {folder: _class_folder(root, folder, opposed) for folder in parents}

    items, counts = [], Counter[PurePosixPath]()
    for name in names:
        folder = folder_of[PurePosixPath(name).parent]
        if folder is not None:
            items.append(Item(name, _label(folder)))
            counts[folder] += 1
    classes = tuple(
        ClassFolder(str(folder), bool(_label(folder)), count)
        for folder, count in sorted(counts.items())
    )
    _demand_both(root, classes, parents)
    return Index(root, tuple(items), classes, ignored=len(names) - len(items))


def _demand_both(root: Path, classes: tuple[ClassFolder, ...], parents: set[PurePosixPath]) -> None:
    labels = {folder.label for folder in classes}
    if not labels:
        seen = ", ".join(sorted({p.parts[0] for p in parents if p.parts})[:5]) or "none"
        raise DataError(
            f"{root} has no class folders (folders with pictures: {seen}): name them "
            f"{_ACCEPTED[True]} and {_ACCEPTED[False]}, or use {_IMAGES}/ and {_MASKS}/"
        )
    if len(labels) == 1:
        found = ", ".join(f"{folder.path} ({folder.pictures:,})" for folder in classes[:5])
        kind = "cracks" if True in labels else "crack-free pictures"
        raise DataError(
            f"{root} holds one class only, {kind}: {found}. The other belongs into a folder "
            f"named {_ACCEPTED[True not in labels]}"
        )


def _label(folder: PurePosixPath) -> bool | None:
    name = re.sub(r"[^a-z0-9]", "", folder.name.lower())
    return True if name in POSITIVE else False if name in NEGATIVE else None


def _opposed(folders: set[PurePosixPath]) -> set[PurePosixPath]:
    """The class folders that stand beside one of the other class."""
    labels: dict[PurePosixPath, set[bool]] = {}
    for folder in folders:
        if (label := _label(folder)) is not None:
            labels.setdefault(folder.parent, set()).add(label)
    return {f for f in folders if _label(f) is not None and len(labels[f.parent]) == 2}


def _class_folder(
    root: Path, folder: PurePosixPath, opposed: set[PurePosixPath]
) -> PurePosixPath | None:
    """The folder above a picture that names its class.

    Where `crack/negative/` could mean both, the one with a sibling of the other class counts.
    """
    named = [f for f in (folder, *folder.parents) if f.parts and _label(f) is not None]
    if len({_label(f) for f in named}) > 1:
        named = [f for f in named if f in opposed]
        if len({_label(f) for f in named}) != 1:
            raise DataError(
                f"{root / folder} is named after both classes: rename one folder of that path"
            )
    return named[0] if named else None


def _pictures(root: Path) -> list[Path]:
    return sorted(_walk(root))


def _walk(root: Path) -> Iterator[Path]:
    """Every picture below `root`, through links too, hidden files and folders left out."""
    seen: set[str] = set()
    for at, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(at)
        if real in seen:  # a link back up
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != _UNPACKED_BY_MAC)
        yield from (Path(at, f) for f in files if not f.startswith(".") and is_picture(f))


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
