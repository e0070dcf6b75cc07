"""Writes a split to a JSON file, one picture per line, and reads it."""

import json
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.core.dataset.index import ClassFolder, Item, Skipped
from crackscan.core.dataset.split import SHARES, Member, Split
from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import DataError

_KIND, _VERSION = "crackscan split", 1
_NAMES = "surrogateescape"  # file names need not be UTF-8


def write_split(path: Path, split: Split) -> None:
    """Write a split atomically; raises CrackscanError if the folder does not take it."""
    head = {
        "format": _KIND,
        "version": _VERSION,
        "crackscan": __version__,
        **summarize_split(split),
        "skipped": [vars(skipped) for skipped in split.skipped],
    }
    rows = ",\n".join(
        json.dumps(_member_row(member), ensure_ascii=False) for member in split.members
    )
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    write_atomically(path, f'{text},\n "files": [\n{rows}\n ]\n}}\n'.encode(errors=_NAMES))


def read_split(path: Path) -> Split:
    """Read what `write_split` wrote; raises DataError for anything else."""
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8", errors=_NAMES))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise DataError(
            f"{path} is not a split file: make one with crackscan-train split"
        ) from None
    if not isinstance(data, dict) or data.get("format") != _KIND:
        raise DataError(f"{path} is not a split file: make one with crackscan-train split")
    if data.get("version") != _VERSION:
        raise DataError(
            f"{path} has split format {data.get('version')}, this crackscan reads {_VERSION}: "
            "split again with the same seed"
        )
    try:
        return Split(
            root=data["root"],
            seed=data["seed"],
            members=tuple(_read_member(row) for row in data["files"]),
            classes=tuple(ClassFolder(**row) for row in data["classes"]),
            skipped=tuple(Skipped(**row) for row in data["skipped"]),
            ignored=data["ignored"],
            fingerprint=data["fingerprint"],
        )
    except (AttributeError, KeyError, TypeError):
        raise DataError(f"{path} is damaged: split again with the same seed") from None


def summarize_split(split: Split) -> dict[str, Any]:
    """Describe a split without its files, ready for JSON."""
    copies = split.copy_groups()
    return {
        "root": split.root,
        "seed": split.seed,
        "fingerprint": split.fingerprint,
        "classes": [vars(folder) for folder in split.classes],
        "counts": split.count_pictures(),
        "copies": {"groups": len(copies), "files": sum(map(len, copies))},
        "contradictions": [[item.path for item in group] for group in split.contradicting_groups()],
        "ignored": split.ignored,
    }


def _member_row(member: Member) -> dict[str, Any]:
    item = {key: value for key, value in vars(member.item).items() if value is not None}
    return {**item, "side": member.side, "group": member.group, "cluster": member.cluster}


def _read_member(row: dict[str, Any]) -> Member:
    if row["side"] not in SHARES:
        raise KeyError(row["side"])
    item = Item(row["path"], row.get("label"), row.get("mask"))
    return Member(item, row["side"], row["group"], row["cluster"])
