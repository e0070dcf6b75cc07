"""Lists the pictures of a data folder: class folders, or pictures with masks, sorted by path."""

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
    """True for a crack, False for intact wall; None if a mask holds the label."""
    mask: str | None = None
    """The mask's path, relative to the root."""


@dataclass(frozen=True)
class Skipped:
    """A picture that is left out, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True)
class ClassFolder:
    """A folder whose name was read as a class."""

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
    """List the pictures in `root` by their names; no picture is opened.

    `root` holds `images/` and `masks/` with the same stems, or class folders at any depth whose
    names, in any case, are in POSITIVE or NEGATIVE. Raises DataError for a folder that is missing,
    without pictures, with one class only, or with contradictory names.
    """
    if not root.exists():
        raise DataError(f"{root} does not exist")
    if not root.is_dir():
        raise DataError(f"{root} is not a folder: give the folder that holds the class folders")
    folders = {entry.name.lower(): entry for entry in sorted(root.iterdir()) if entry.is_dir()}
    if _IMAGES in folders and _MASKS in folders:
        return _read_masked_list_pictures(root, folders[_IMAGES], folders[_MASKS])
    return _read_class_folders(root)


def _read_masked_list_pictures(root: Path, images: Path, masks: Path) -> Index:
    mask_of = {path.stem: path for path in _list_pictures(masks)}
    items, skipped = [], []
    for path in _list_pictures(images):
        name, mask = _relative_name(path, root), mask_of.get(path.stem)
        if mask is None:
            skipped.append(
                Skipped(name, f"has no mask {_relative_name(masks, root)}/{path.stem}.*")
            )
        else:
            items.append(Item(name, mask=_relative_name(mask, root)))
    if not items and not skipped:
        raise DataError(f"{images} holds no pictures")
    if not items:
        raise DataError(f"no picture of {images} has a mask of the same name in {masks}")
    return Index(root, tuple(items), skipped=tuple(skipped))


def _read_class_folders(root: Path) -> Index:
    names = [_relative_name(path, root) for path in _list_pictures(root)]
    if not names:
        raise DataError(f"{root} holds no pictures (JPEG, PNG, TIFF, WebP or BMP)")
    parents = {PurePosixPath(name).parent for name in names}
    opposed = _find_opposed(parents | {p for folder in parents for p in folder.parents})
    folder_of = {folder: _find_class_folder(root, folder, opposed) for folder in parents}

    items, counts = [], Counter[PurePosixPath]()
    for name in names:
        folder = folder_of[PurePosixPath(name).parent]
        if folder is not None:
            items.append(Item(name, _label_of(folder)))
            counts[folder] += 1
    classes = tuple(
        ClassFolder(str(folder), bool(_label_of(folder)), count)
        for folder, count in sorted(counts.items())
    )
    _require_classes(root, classes, parents)
    return Index(root, tuple(items), classes, ignored=len(names) - len(items))


def _require_classes(
    root: Path, classes: tuple[ClassFolder, ...], parents: set[PurePosixPath]
) -> None:
    labels = {folder.label for folder in classes}
    if not labels:
        found = ", ".join(sorted({p.parts[0] for p in parents if p.parts})[:5]) or "none"
        raise DataError(
            f"{root} has no class folders (folders with pictures: {found}): name them "
            f"{_ACCEPTED[True]} and {_ACCEPTED[False]}, or use {_IMAGES}/ and {_MASKS}/"
        )
    if len(labels) == 1:
        found = ", ".join(f"{folder.path} ({folder.pictures:,})" for folder in classes[:5])
        kind = "cracks" if True in labels else "crack-free pictures"
        raise DataError(
            f"{root} holds one class only, {kind}: {found}. Put the other into a folder "
            f"named {_ACCEPTED[True not in labels]}"
        )


def _label_of(folder: PurePosixPath) -> bool | None:
    name = re.sub(r"[^a-z0-9]", "", folder.name.lower())
    return True if name in POSITIVE else False if name in NEGATIVE else None


def _find_opposed(folders: set[PurePosixPath]) -> set[PurePosixPath]:
    """The class folders that have a sibling of the other class."""
    labels: dict[PurePosixPath, set[bool]] = {}
    for folder in folders:
        if (label := _label_of(folder)) is not None:
            labels.setdefault(folder.parent, set()).add(label)
    return {f for f in folders if _label_of(f) is not None and len(labels[f.parent]) == 2}


def _find_class_folder(
    root: Path, folder: PurePosixPath, opposed: set[PurePosixPath]
) -> PurePosixPath | None:
    """The folder above a picture that names its class.

    If a path like `crack/negative/` names both classes, the folder with a sibling of the other
    class counts.
    """
    named = [f for f in (folder, *folder.parents) if f.parts and _label_of(f) is not None]
    if len({_label_of(f) for f in named}) > 1:
        named = [f for f in named if f in opposed]
        if len({_label_of(f) for f in named}) != 1:
            raise DataError(
                f"{root / folder} is named after both classes: rename one folder of that path"
            )
    return named[0] if named else None


def _list_pictures(root: Path) -> list[Path]:
    return sorted(_walk_pictures(root))


def _walk_pictures(root: Path) -> Iterator[Path]:
    """Every picture below `root`, also through links, without hidden files and folders."""
    seen: set[str] = set()
    for at, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(at)
        if real in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != _UNPACKED_BY_MAC)
        yield from (Path(at, f) for f in files if not f.startswith(".") and is_picture(f))


def _relative_name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
