"""Aligns two photographs of a wall that were taken on different days from different positions."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB


@dataclass(frozen=True)
class AlignmentParameters:
    """Feature matching and the checks of the homography."""

    longest_px: int = 900
    """Longer side of the copy in which features are detected."""
    max_features: int = 1500
    """Of a picture, the strongest."""
    distance_ratio: float = 0.78
    """The nearest descriptor must be nearer than this share of the second nearest; Lowe (2004)
    proposes 0.8."""
    inlier_px: float = 4.0
    """Largest reprojection error of an inlier, in pixels of that copy."""
    min_inliers: int = 20
    min_inlier_share: float = 0.25
    """Of the unambiguous matches."""
    max_zoom: float = 4.0
    """The same wall is not shown larger than this, or smaller than its inverse."""
    max_zoom_ratio: float = 4.0
    """Between the corners of one picture: more is not a usable view of a plane wall."""
    similarity_features: int = 400
    """The strongest features, which `count_similar` compares."""


PARAMETERS = AlignmentParameters()

Points = NDArray[np.float64]
Homography = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """The SIFT features of a frame, the strongest first."""

    points: NDArray[np.float32]
    """(n, 2): x, y in pixels of the frame."""
    descriptors: NDArray[np.float32]
    """(n, 128)"""
    width: int
    """Of the frame, pixels."""
    height: int


def extract_features(rgb: RGB, frame_width: int, frame_height: int) -> Features:
    """SIFT features (Lowe 2004) of a frame, detected in it or in a reduced copy of it."""
    factor = min(PARAMETERS.longest_px / max(rgb.shape[:2]), 1.0)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    sift = cv2.SIFT.create(nfeatures=PARAMETERS.max_features)
    detected: Any = sift.detectAndCompute(grey, None)
    keypoints, descriptors = detected
    to_frame = frame_width / grey.shape[1]
    points = np.array([point.pt for point in keypoints], np.float32).reshape(-1, 2) * to_frame
    if descriptors is None:
        descriptors = np.empty((0, 128), np.float32)
    order = np.argsort([-point.response for point in keypoints], kind="stable")
    descriptors = np.asarray(descriptors, np.float32)[order]
    return Features(points[order], descriptors, frame_width, frame_height)


def count_similar(one: Features, other: Features) -> int:
    """How many of the strongest features of `one` have an unambiguous match in `other`.

    Some match by chance, so the number only ranks several pictures by similarity.
    """
    if len(other.descriptors) < 2 or not len(one.descriptors):
        return 0
    strongest = one.descriptors[: PARAMETERS.similarity_features]
    return int(_match_descriptors(strongest, other.descriptors)[1].sum())


@dataclass(frozen=True, eq=False)
class Alignment:
    """The homography between two frames of the same wall."""

    matrix: Homography
    """(3, 3): from pixels of the earlier frame to pixels of the later one."""
    earlier: tuple[int, int]
    """Width and height of the earlier frame."""
    later: tuple[int, int]
    """Width and height of the later frame."""

    @cached_property
    def _inverse(self) -> Homography:
        return np.asarray(np.linalg.inv(self.matrix), np.float64)

    def to_later(self, points: NDArray[np.floating]) -> Points:
        """Points (n, 2) of the earlier frame in the later one."""
        return _apply_homography(self.matrix, points)

    def to_earlier(self, points: NDArray[np.floating]) -> Points:
        """Points (n, 2) of the later frame in the earlier one."""
        return _apply_homography(self._inverse, points)

    def zoom_at(self, point: NDArray[np.floating]) -> float:
        """Magnification of the later frame against the earlier one, at a point of the earlier."""
        corners = point + np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
        origin, right, down = self.to_later(corners)
        return float(np.sqrt(abs(np.linalg.det(np.stack([right - origin, down - origin]) / 4.0))))


def align_pictures(before: Features, after: Features) -> Alignment | None:
    """Estimate the homography on which most features agree; None if there is none.

    Matches must be unambiguous (ratio test, Lowe 2004); outliers are removed by RANSAC (Fischler
    and Bolles 1981). A homography is exact for plane walls.
    """
    minimum = PARAMETERS.min_inliers
    if min(len(before.descriptors), len(after.descriptors)) < minimum:
        return None
    nearest, unambiguous = _match_descriptors(before.descriptors, after.descriptors)
    matches = int(unambiguous.sum())
    if matches < minimum:
        return None
    frame_px = max(after.width, after.height) / PARAMETERS.longest_px
    cv2.setRNGSeed(1)
    # OpenCV's type stubs do not know that the matrix can be None.
    fitted: Any = cv2.findHomography(
        before.points[unambiguous],
        after.points[nearest[unambiguous]],
        cv2.RANSAC,
        PARAMETERS.inlier_px * max(frame_px, 1.0),
    )
    matrix, is_inlier = fitted
    if matrix is None:
        return None
    if int(is_inlier.sum()) < max(minimum, PARAMETERS.min_inlier_share * matches):
        return None
    alignment = Alignment(
        np.asarray(matrix, np.float64),
        (before.width, before.height),
        (after.width, after.height),
    )
    return alignment if _is_plausible(alignment) else None


def _match_descriptors(
    descriptors: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The nearest of the others (at least two) to each descriptor, and whether it is unambiguous.

    Squared distances come from one matrix product, which is much faster than single distances.
    SIFT's components are small whole numbers, so the result is exact.
    """
    distances = (
        (descriptors**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * (descriptors @ others.T)
    )
    row = np.arange(len(descriptors))
    nearest = distances.argmin(axis=1)
    best = distances[row, nearest].copy()
    distances[row, nearest] = np.inf
    unambiguous = best < PARAMETERS.distance_ratio**2 * distances.min(axis=1)
    return nearest, np.asarray(unambiguous, np.bool_)


def _is_plausible(alignment: Alignment) -> bool:
    """Whether the earlier frame is neither mirrored nor folded, nor scaled beyond the limits."""
    width, height = alignment.earlier
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    if abs(np.linalg.det(alignment.matrix)) < 1e-12:
        return False
    weights = np.column_stack([corners, np.ones(4)]) @ alignment.matrix[2]
    if weights.min() * weights.max() <= 0:
        return False
    mapped = alignment.to_later(corners)
    sides = np.roll(mapped, -1, axis=0) - mapped
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not (turns > 0).all():
        return False
    zooms = [alignment.zoom_at(corner) for corner in corners]
    return (
        min(zooms) > 1 / PARAMETERS.max_zoom
        and max(zooms) < PARAMETERS.max_zoom
        and max(zooms) < PARAMETERS.max_zoom_ratio * min(zooms)
    )


def _apply_homography(matrix: Homography, points: NDArray[np.floating]) -> Points:
    flat = np.asarray(points, np.float64).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(flat, matrix), np.float64).reshape(-1, 2)
