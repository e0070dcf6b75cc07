"""The types of a split: which pictures of a data folder train, validate and test."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from crackscan.core.dataset.index import ClassFolder, Item, Skipped

Side = Literal["train", "validation", "test"]
SHARES: dict[Side, float] = {"train": 0.7, "validation": 0.2, "test": 0.1}

CLASS_NAMES: dict[bool | None, str] = {True: "positive", False: "negative", None: "pictures"}


@dataclass(frozen=True)
class Member:
    """One picture of a split, and the side that it is on."""

    item: Item
    side: Side
    group: int
    """Pictures of one group are copies of each other."""
    cluster: int
    """Pictures of one cluster are near copies, and are on one side."""


@dataclass(frozen=True)
class Split:
    """The pictures of a data folder, divided into sides."""

    root: str
    """The folder's name, without its path."""
    seed: int
    members: tuple[Member, ...]
    classes: tuple[ClassFolder, ...]
    """Empty for pictures with masks."""
    skipped: tuple[Skipped, ...]
    ignored: int
    """Pictures outside the class folders."""
    fingerprint: str
    """SHA-256 over the contents and labels of all pictures, whatever their names."""

    @property
    def has_masks(self) -> bool:
        return not self.classes

    def items(self, side: Side) -> list[Item]:
        return [member.item for member in self.members if member.side == side]

    def count_pictures(self) -> dict[Side, dict[str, int]]:
        """Pictures of each side: positive and negative, or their sum if they have masks."""
        tally = Counter((member.side, member.item.label) for member in self.members)
        labels = (None,) if self.has_masks else (True, False)
        return {s: {CLASS_NAMES[label]: tally[s, label] for label in labels} for s in SHARES}

    def copy_groups(self) -> list[list[Item]]:
        """The groups of two or more pictures that are copies of each other."""
        groups: dict[int, list[Item]] = {}
        for member in self.members:
            groups.setdefault(member.group, []).append(member.item)
        return [group for group in groups.values() if len(group) > 1]

    def contradicting_groups(self) -> list[list[Item]]:
        """Groups of copies that are in both classes: label errors, or one file in two folders."""
        return [group for group in self.copy_groups() if len({item.label for item in group}) > 1]
