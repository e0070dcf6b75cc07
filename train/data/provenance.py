"""The entry of a model card for data that a model was trained on."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from crackscan.core.dataset.index import Item
from crackscan.core.model_card import DataSource


def describe_data_set(
    root: Path, items: Sequence[Item], name: str = "", source: str = "", licence: str = ""
) -> DataSource:
    """Name, origin, count and SHA-256 of a data set; the hash is of sorted names and contents.

    Without a `name`, that of the folder `root` is taken.
    """
    digest = hashlib.sha256()
    for item in sorted(items, key=lambda one: one.path):
        content = hashlib.sha256((root / item.path).read_bytes()).hexdigest()
        digest.update(f"{item.path} {content}\n".encode())
    return DataSource(
        name=name or root.resolve().name,
        source=source or "a local folder",
        licence=licence or "not stated",
        count=len(items),
        sha256=digest.hexdigest(),
    )
