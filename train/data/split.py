"""Splits a data folder into train, validation and test so that nothing leaks between them."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscan.core.dataset.index import read_index
from crackscan.core.dataset.split import CLASS_NAMES, SHARES, Member, Side, Split
from crackscan.core.errors import DataError
from crackscan.train.data.appearance import appearance_clusters
from crackscan.train.data.copies import find_copies
from crackscan.train.data.thumbnails import Report, Thumbnails, read_thumbnails

_DRAWS = 64

Labels = NDArray[np.int64]


def split_folder(root: Path, seed: int = 0, report: Report = lambda *_: None) -> Split:
    """Read a data folder, find copies, and split it 70/20/10 by copy group and appearance cluster.

    Equal pictures under equal names and an equal seed give an equal split, however the folder is
    listed. `report` gets the progress. Raises DataError for a folder that cannot be split;
    pictures that cannot be read are skipped and named.
    """
    index = read_index(root)
    thumbnails = read_thumbnails(root, index.items, report)
    if not index.has_masks and len({item.label for item in thumbnails.items}) == 1:
        raise DataError(
            f"{root} holds one class only once the pictures that cannot be read are left out"
        )
    copies = find_copies(thumbnails.grey, thumbnails.digests, report)
    clusters = appearance_clusters(thumbnails.appearance, copies.family, seed)
    sides = _assign_sides(clusters, thumbnails.cracked, seed)
    if sides is None:
        clusters = copies.family
        sides = _assign_sides(clusters, thumbnails.cracked, seed)
    if sides is None:
        found = _describe_distinct(thumbnails, copies.group)
        raise DataError(f"{root} has too few distinct pictures to split: {found}")
    members = tuple(
        Member(item, side, int(group), int(cluster))
        for item, side, group, cluster in zip(
            thumbnails.items, sides, copies.group, clusters, strict=True
        )
    )
    skipped = tuple(sorted((*index.skipped, *thumbnails.skipped), key=lambda s: s.path))
    name = root.resolve().name
    return Split(
        name, seed, members, index.classes, skipped, index.ignored, _hash_pictures(thumbnails)
    )


def _assign_sides(units: Labels, cracked: NDArray[np.bool_], seed: int) -> list[Side] | None:
    """Give each unit whole to one side so that both classes' shares come close to SHARES.

    The best of some random orders, in each of which a unit goes where most is wanting. None when
    every order leaves a side without one of the classes.
    """
    _, unit = np.unique(units, return_inverse=True)
    sizes = np.zeros((unit.max() + 1, 2))
    np.add.at(sizes, (unit, cracked.astype(int)), 1)
    sizes = sizes[:, sizes.any(axis=0)]
    target = np.outer(list(SHARES.values()), sizes.sum(axis=0))
    random = np.random.default_rng(seed)
    best, side_of = np.inf, None
    for _ in range(_DRAWS):
        chosen = np.zeros(len(sizes), np.int64)
        wanting = np.ones_like(target)
        for u in random.permutation(len(sizes)):
            chosen[u] = np.argmax(wanting @ sizes[u])
            wanting[chosen[u]] -= sizes[u] / target[chosen[u]]
        complete = bool((wanting < 1).all())
        if complete and (miss := float(np.square(wanting).sum())) < best:
            best, side_of = miss, chosen
    if side_of is None:
        return None
    names = list(SHARES)
    return [names[side] for side in side_of[unit]]


def _describe_distinct(thumbnails: Thumbnails, group: Labels) -> str:
    pairs = {(item.label, int(g)) for item, g in zip(thumbnails.items, group, strict=True)}
    tally = Counter(label for label, _ in pairs)
    found = ", ".join(f"{tally[label]} {CLASS_NAMES[label]}" for label in tally)
    return f"{found}; give at least 3 of each class, better 100"


def _hash_pictures(thumbnails: Thumbnails) -> str:
    lines = [
        f"{d} {item.label}" for d, item in zip(thumbnails.digests, thumbnails.items, strict=True)
    ]
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()
