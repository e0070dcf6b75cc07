"""The plane of the wall from the printed target in a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.scale.charuco_board import BOARDS
from crackscan.edge.measurement.scale.corner_detection import DetectedCorners, detect_corners
from crackscan.edge.measurement.scale.lens import Lens, assume_lens
from crackscan.edge.measurement.scale.parameters import PARAMETERS
from crackscan.edge.measurement.scale.wall_plane import WallPlane


def detect_target(grey: NDArray[np.uint8], lens: Lens | None = None) -> WallPlane | None:
    """Estimate the plane of the wall from the sheet or gauge on it; None if none is visible.

    The distortion of a calibrated lens is undone first. The uncertainty of the scale grows with
    the distance from the target, and the faster the smaller the target appears.

    Args:
        grey: uint8 (height, width).
        lens: the lens of the camera, if known.

    Raises ScaleError if OpenCV was built without ArUco.
    """
    for board in BOARDS:
        corners = detect_corners(grey, board)
        if corners is not None:
            plane = fit_plane(corners, lens or assume_lens(grey.shape[1], grey.shape[0]))
            if plane is not None:
                return plane
    return None


def fit_plane(corners: DetectedCorners, lens: Lens) -> WallPlane | None:
    """Fit the plane that the corners of a board lie on; None if they do not lie on one.

    The covariance of the homography is that of least squares, from the scatter of the corners:
    Hartley & Zisserman, "Multiple View Geometry" (2003), section 5.2.
    """
    undistorted = lens.undistort_points(corners.points)
    fitted, _ = cv2.findHomography(undistorted, corners.board_mm, 0)
    if fitted is None or not np.isfinite(fitted).all():
        return None
    to_mm = np.asarray(fitted, np.float64)
    jacobian, misfit_px = _linearize_fit(to_mm, undistorted, corners.board_mm)
    distances_px = np.hypot(misfit_px[::2], misfit_px[1::2])
    if float(np.median(distances_px)) > PARAMETERS.worst_misfit_px:
        return None
    noise_px = float(np.sqrt((misfit_px**2).sum() / max(len(misfit_px) - 8, 1)))
    noise_px = max(noise_px, PARAMETERS.least_corner_noise_px)
    unit = np.linalg.norm(jacobian, axis=0)
    normal = (jacobian / unit).T @ (jacobian / unit)
    inverse = np.linalg.pinv(normal, rcond=1e-12, hermitian=True)
    x, y = corners.points.mean(axis=0)
    share = float(np.hypot(PARAMETERS.print_share, PARAMETERS.target_lift_share))
    return WallPlane(
        to_mm=to_mm,
        relative_uncertainty=share,
        anchor=(float(x), float(y)),
        source=f"printed {corners.board.name}",
        lens=lens,
        covariance=noise_px**2 * inverse / np.outer(unit, unit),
    )


def _linearize_fit(
    to_mm: NDArray[np.float64], points: NDArray[np.float64], board_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Jacobian (2 n, 8) by the homography's first eight elements, and the misfit (2 n,).

    Both are in px of the picture.
    """
    homogeneous = np.column_stack([points, np.ones(len(points))])
    projected = homogeneous @ to_mm.T
    on_wall, depth = projected[:, :2] / projected[:, 2:], projected[:, 2]
    # Millimetres per pixel at each point: the square root of the mapping's determinant.
    mm_per_px = np.sqrt(np.abs(np.linalg.det(to_mm) / depth**3))
    jacobian = np.zeros((len(points), 2, 8))
    for axis in (0, 1):
        jacobian[:, axis, 3 * axis : 3 * axis + 3] = homogeneous / depth[:, None]
        jacobian[:, axis, 6:8] = -on_wall[:, axis, None] * homogeneous[:, :2] / depth[:, None]
    misfit = (on_wall - board_mm) / mm_per_px[:, None]
    return (jacobian / mm_per_px[:, None, None]).reshape(-1, 8), misfit.ravel()
