"""Finds copies among thumbnails: re-encoded, mirrored or turned by 180°, and views of one spot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crackscan.train.data.thumbnails import Report


@dataclass(frozen=True)
class CopyParameters:
    """When thumbnails show the same; `find_copies` states the correlations on METU's patches."""

    copy_correlation: float = 0.98
    """Correlation from which two thumbnails show one picture."""
    view_correlation: float = 0.92
    """Correlation from which two pictures were taken of one spot, a little apart."""
    min_contrast: float = 0.25
    """Grey levels: with less contrast than this nothing can be compared."""
    block_rows: int = 1024
    """Thumbnails that are compared with all others at once."""
    max_links: int = 1_000_000
    """Links that are held in memory before they are folded into labels."""


PARAMETERS = CopyParameters()

Links = NDArray[np.int64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """What belongs together among N pictures; labels count from 0 in the order of the pictures."""

    group: Labels
    """(N,) Copies of one picture share a group."""
    family: Labels
    """(N,) Groups that show one spot share a family."""


def find_copies(grey: NDArray[np.float32], digests: Sequence[str], report: Report) -> Copies:
    """Group N thumbnails (N, side, side) that are copies under the four flips, and equal files.

    Normalised correlation of thumbnails freed from shading, so that lamplight alone never makes
    two plain walls look the same. On METU's patches true copies lie above 0.985 and different
    views of one crack below 0.975; rotations by 90° are not searched.
    """
    count = len(grey)
    features = _without_shading(grey)
    groups, families = _LinkedPictures(count), _LinkedPictures(count)
    groups.join(_find_equal(digests))
    for done, links, correlation in _find_similar(features, grey.shape[1]):
        groups.join(links[correlation >= PARAMETERS.copy_correlation])
        families.join(links)
        report("Comparing pictures", done, count)
    group = groups.labels()
    families.join(np.column_stack([np.arange(count), _first_of_each(group)[group]]))
    return Copies(group, families.labels())


def _without_shading(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, side * side) rows of length 1, or 0 if the picture has no contrast.

    The best fitting surface of second order is taken off; flips map such surfaces to each other,
    so that it does not hinder the comparison.
    """
    side = grey.shape[1]
    along = np.linspace(-1, 1, side)
    y, x = (axis.ravel() for axis in np.meshgrid(along, along, indexing="ij"))
    shading, _ = np.linalg.qr(np.column_stack([np.ones_like(x), x, y, x * y, x * x, y * y]))
    flat = grey.reshape(len(grey), -1).astype(np.float64)
    flat -= (flat @ shading) @ shading.T
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    flat = np.where(length > PARAMETERS.min_contrast * side, flat / np.maximum(length, 1e-9), 0)
    return flat.astype(np.float32)


def _find_similar(
    features: NDArray[np.float32], side: int
) -> Iterator[tuple[int, Links, NDArray[np.float32]]]:
    """Blocks of links: (rows done, pairs (M, 2), correlations (M,) from that of one view up)."""
    count = len(features)
    square = features.reshape(count, side, side)
    flips = (square, square[:, :, ::-1], square[:, ::-1], square[:, ::-1, ::-1])
    turned = [np.ascontiguousarray(flip).reshape(count, -1) for flip in flips]
    for top in range(0, count, PARAMETERS.block_rows):
        bottom = min(top + PARAMETERS.block_rows, count)
        for other in turned:
            correlation = (features[top:bottom] @ other[top:].T).ravel()
            hit = np.flatnonzero(correlation >= PARAMETERS.view_correlation)
            a, b = np.divmod(hit, count - top)
            later = b > a
            links = np.column_stack([a[later] + top, b[later] + top])
            yield bottom, links, correlation[hit[later]]


def _find_equal(digests: Sequence[str]) -> Links:
    first: dict[str, int] = {}
    pairs = [(first.setdefault(digest, i), i) for i, digest in enumerate(digests)]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], np.int64).reshape(-1, 2)


def _first_of_each(labels: Labels) -> Labels:
    """The index of the first picture of each label."""
    first: Labels = np.unique(labels, return_index=True)[1].astype(np.int64)
    return first


class _LinkedPictures:
    """Pictures joined by links; many links are folded into labels as they come."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.links: list[Links] = []
        self.pending = 0

    def join(self, links: Links) -> None:
        self.links.append(links)
        self.pending += len(links)
        if self.pending > PARAMETERS.max_links:
            labels = self.labels()
            self.links = [np.column_stack([np.arange(self.count), _first_of_each(labels)[labels]])]
            self.pending = 0

    def labels(self) -> Labels:
        """(N,) the component of each picture, numbered in the order of their first pictures."""
        a, b = np.concatenate([np.empty((0, 2), np.int64), *self.links]).T
        shape = (self.count, self.count)
        graph: Any = coo_array((np.ones(len(a), np.int8), (a, b)), shape=shape)
        found = connected_components(graph, directed=False)[1].astype(np.int64)
        order = np.argsort(np.argsort(_first_of_each(found)))
        labels: Labels = order[found]
        return labels
