"""Lays one photograph of a wall over another, taken on another day from another place."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB

WORK_PX = 900
"""Longer side at which features are sought."""
LEAST_INLIERS, LEAST_SHARE = 20, 0.25
MOST_ZOOM, MOST_SKEW = 4.0, 4.0
_FEATURES, _RATIO, _AGREE_PX = 1500, 0.78, 4.0
_GLANCE = 400
"""So many features of a picture, the strongest, are enough to see which others it is like."""

Points = NDArray[np.float64]
Homography = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """Corners of a picture with their descriptions."""

    places: NDArray[np.float32]
    """(n, 2), px of the frame."""
    words: NDArray[np.float32]
    """(n, 128), the strongest first."""
    width: int
    height: int


def features_of(rgb: RGB, frame_width: int, frame_height: int) -> Features:
    """SIFT (Lowe 2004) features of a frame, found in it or in a smaller copy of it."""
    factor = min(WORK_PX / max(rgb.shape[:2]), 1.0)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    found: Any = cv2.SIFT.create(nfeatures=_FEATURES).detectAndCompute(grey, None)
    corners, words = found
    back = frame_width / grey.shape[1]
    places = np.array([corner.pt for corner in corners], np.float32).reshape(-1, 2) * back
    if words is None:
        words = np.empty((0, 128), np.float32)
    order = np.argsort([-corner.response for corner in corners], kind="stable")
    words = np.asarray(words, np.float32)[order]
    return Features(places[order], words, frame_width, frame_height)


def likeness(one: Features, other: Features) -> int:
    """How many of the strongest features of `one` are clearly in `other`: a quick first look.

    Some are by chance, so that it only tells which of several pictures is the likeliest.
    """
    if len(other.words) < 2 or not len(one.words):
        return 0
    return int(_clear_matches(one.words[:_GLANCE], other.words)[1].sum())


@dataclass(frozen=True, eq=False)
class Overlay:
    """How one picture lies over another."""

    matrix: Homography
    """(3, 3): from the earlier frame's px to the later one's."""
    earlier: tuple[int, int]
    """Width and height."""
    later: tuple[int, int]

    @cached_property
    def _back(self) -> Homography:
        return np.asarray(np.linalg.inv(self.matrix), np.float64)

    def forth(self, points: NDArray[np.floating]) -> Points:
        """Places of the earlier frame (n, 2) in the later one."""
        return _mapped(self.matrix, points)

    def back(self, points: NDArray[np.floating]) -> Points:
        return _mapped(self._back, points)

    def zoom_at(self, point: NDArray[np.floating]) -> float:
        """How much larger the later frame shows what is at a place of the earlier one."""
        around = point + np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
        origin, right, down = self.forth(around)
        return float(np.sqrt(abs(np.linalg.det(np.stack([right - origin, down - origin]) / 4.0))))


def overlay(before: Features, after: Features) -> Overlay | None:
    """The homography that most features agree on, or None where no such one is.

    Matches must be clearly the best (ratio test, Lowe 2004); RANSAC (Fischler & Bolles 1981). A
    homography is exact for plane walls.
    """
    if min(len(before.words), len(after.words)) < LEAST_INLIERS:
        return None
    nearest, clear = _clear_matches(before.words, after.words)
    good = int(clear.sum())
    if good < LEAST_INLIERS:
        return None
    old = before.places[clear]
    new = after.places[nearest[clear]]
    px = max(after.width, after.height) / WORK_PX
    cv2.setRNGSeed(1)
    within_px = _AGREE_PX * max(px, 1.0)
    # Its type information does not know that there may be none.
    fitted: Any = cv2.findHomography(old, new, cv2.RANSAC, within_px)
    matrix, agree = fitted
    if matrix is None:
        return None
    inliers = int(agree.sum())
    if inliers < max(LEAST_INLIERS, LEAST_SHARE * good):
        return None
    found = Overlay(
        np.asarray(matrix, np.float64),
        (before.width, before.height),
        (after.width, after.height),
    )
    return found if _is_plausible(found) else None


def _clear_matches(
    words: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The nearest of the others (at least two) to each word, and whether it is clearly that one.

    Squared distances by one product of matrices, which is far quicker than one by one; SIFT's
    numbers are whole and small, so that they are exact.
    """
    apart = (words**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * (words @ others.T)
    row = np.arange(len(words))
    nearest = apart.argmin(axis=1)
    best = apart[row, nearest].copy()
    apart[row, nearest] = np.inf
    return nearest, np.asarray(best < _RATIO**2 * apart.min(axis=1), np.bool_)


def _is_plausible(found: Overlay) -> bool:
    """A wall seen again is not mirrored, folded, or shown at a hundred times the size."""
    width, height = found.earlier
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    if abs(np.linalg.det(found.matrix)) < 1e-12:
        return False
    weights = np.column_stack([corners, np.ones(4)]) @ found.matrix[2]
    if weights.min() * weights.max() <= 0:
        return False
    there = found.forth(corners)
    way = np.roll(there, -1, axis=0) - there
    turn = way[:, 0] * np.roll(way[:, 1], -1) - way[:, 1] * np.roll(way[:, 0], -1)
    if not (turn > 0).all():
        return False
    zooms = [found.zoom_at(corner) for corner in corners]
    return (
        min(zooms) > 1 / MOST_ZOOM
        and max(zooms) < MOST_ZOOM
        and (max(zooms) < MOST_SKEW * min(zooms))
    )


def _mapped(matrix: Homography, points: NDArray[np.floating]) -> Points:
    flat = np.asarray(points, np.float64).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(flat, matrix), np.float64).reshape(-1, 2)
