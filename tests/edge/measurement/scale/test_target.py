"""The printed target: true to size on paper, detected in pictures, its plane correct."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pdf_content import page_size_mm, rectangles_mm
from viewing import LENS, corners_of, poses

from crackscan.convert.calibration_target import RULER_MM
from crackscan.convert.scale_accuracy import measure_scales
from crackscan.convert.scale_renderings import photograph_board, pose_at
from crackscan.core.pictures import read_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.measurement.scale.aruco import build_opencv_board
from crackscan.edge.measurement.scale.charuco_board import BOARDS, GAUGE, SHEET, CharucoBoard
from crackscan.edge.measurement.scale.corner_detection import detect_corners
from crackscan.edge.measurement.scale.plane_fit import detect_target, fit_plane
from crackscan.edge.measurement.scale.printed_target import PAPERS, read_target

SAMPLES = Path(__file__).parents[4] / "samples"


def draw_page(rectangles: np.ndarray, px_per_mm: float) -> np.ndarray:
    page = np.full((round(297 * px_per_mm), round(216 * px_per_mm)), 255, np.uint8)
    for left, top, width, height in rectangles * px_per_mm:
        rows = slice(round(top), max(round(top + height), round(top) + 1))
        page[rows, round(left) : max(round(left + width), round(left) + 1)] = 0
    return page


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize(("page", "board"), [(0, SHEET), (1, GAUGE)])
def test_the_pdf_shows_the_boards_at_their_true_size(
    paper: str, page: int, board: CharucoBoard
) -> None:
    px_per_mm = 10.0
    picture = draw_page(rectangles_mm(read_target(paper), page), px_per_mm)
    if board is GAUGE:  # there are several: keep the first only
        picture[:, round(105 * px_per_mm) :] = 255
        picture[round(80 * px_per_mm) :] = 255
    found = detect_corners(cv2.GaussianBlur(picture, (0, 0), 1.5), board)
    assert found is not None and len(found.ids) == board.corner_count
    gap_px = found.points - found.points[0]
    gap_mm = found.board_mm - found.board_mm[0]
    assert np.abs(gap_px / px_per_mm - gap_mm).max() < 0.05


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("page", [0, 1])
def test_both_pages_have_a_ruler_to_check_the_printer(paper: str, page: int) -> None:
    rectangles = rectangles_mm(read_target(paper), page)
    rulers = rectangles[np.abs(rectangles[:, 2] - RULER_MM) < 0.01]
    assert len(rulers) == 1
    on_ruler = np.abs(rectangles[:, 1] - rulers[0, 1]) < 1e-3
    ticks = rectangles[(rectangles[:, 2] < 0.25) & on_ruler]
    assert len(ticks) == RULER_MM + 1
    assert np.diff(np.sort(ticks[:, 0])) == pytest.approx(1.0, abs=1e-3)
    width_mm, height_mm = page_size_mm(read_target(paper))
    assert rectangles[:, :2].min() > 10  # printers leave a margin
    assert (rectangles[:, 0] + rectangles[:, 2]).max() < width_mm - 10
    assert (rectangles[:, 1] + rectangles[:, 3]).max() < height_mm - 10


@pytest.mark.parametrize(("paper", "size"), [("a4", (210.0, 297.0)), ("letter", (215.9, 279.4))])
def test_the_pdf_has_its_paper_size_and_asks_not_to_be_scaled(
    paper: str, size: tuple[float, float]
) -> None:
    data = read_target(paper)
    assert data.startswith(b"%PDF-1.") and data.rstrip().endswith(b"%%EOF")
    assert page_size_mm(data) == pytest.approx(size, abs=0.01)
    assert b"/PrintScaling /None" in data


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_board_agrees_with_that_of_opencv(board: CharucoBoard) -> None:
    made = build_opencv_board(board)
    corners = made.getChessboardCorners() if hasattr(made, "getChessboardCorners") else None
    if corners is None:
        corners = made.chessboardCorners
    known = np.asarray(corners)[:, :2]
    mine = board.locate_corners(np.arange(board.corner_count))
    assert np.abs(np.sort(known, axis=0) - np.sort(mine, axis=0)).max() < 1e-4


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_corners_are_detected_where_the_camera_projects_them(board: CharucoBoard) -> None:
    rng = np.random.default_rng(4)
    pose = pose_at(rng, board, LENS, 0.6, 25.0)
    rgb = photograph_board(rng, board, LENS, pose, blur_px=0.8, noise=2.0, quality=90)
    found = detect_corners(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), board)
    assert found is not None and len(found.ids) > 0.7 * board.corner_count
    off = found.points - pose.project_points(found.board_mm, LENS)
    assert np.median(np.hypot(*off.T)) < 0.15


def test_scales_are_right_within_their_uncertainty() -> None:
    """The figures of `crackscan-convert scale`, on fewer pictures."""
    for figures in measure_scales(6, 1, lambda: None):
        assert figures.median_error < 0.05
        assert figures.coverage > 0.75
        if "sheet" in figures.way or "gauge" in figures.way:
            assert figures.median_error < 0.02
            assert figures.found >= 4


def test_the_scale_includes_tilt_at_every_point() -> None:
    pose = poses(1, seed=3, tilt_deg=35.0, share=0.6)[0]
    view = fit_plane(corners_of(pose, 0.05), LENS)
    assert view is not None
    for x, y in ((40.0, 40.0), (600.0, 440.0), (320.0, 240.0)):
        true = pose.mm_per_px(pose.on_wall(np.array([[x, y]]), LENS), LENS)[0]
        found = view.estimate_scale_at(x, y)
        assert found is not None
        assert abs(found.mm_per_px / true - 1) < found.relative_uncertainty < 0.1
    ends = [view.estimate_scale_at(x, 240.0) for x in (10.0, 630.0)]
    assert ends[0] is not None and ends[1] is not None


def test_the_uncertainty_grows_away_from_the_target() -> None:
    pose = poses(1, seed=5, tilt_deg=20.0, share=0.3)[0]
    corners = corners_of(pose)
    view = fit_plane(corners, LENS)
    assert view is not None
    x, y = corners.points.mean(axis=0)
    far = (5.0, 5.0) if x > 320 else (634.0, 474.0)
    near, far_away = view.estimate_scale_at(float(x), float(y)), view.estimate_scale_at(*far)
    assert near is not None and far_away is not None
    assert far_away.relative_uncertainty > 1.5 * near.relative_uncertainty


def test_corners_that_are_not_coplanar_give_no_scale() -> None:
    corners = corners_of(poses(1)[0], noise_px=15.0)
    assert fit_plane(corners, LENS) is None


@pytest.mark.parametrize(
    "name", ["cracked-render.jpg", "intact-tiles-and-shadows.jpg", "cracked-painted-wall.jpg"]
)
def test_no_target_is_detected_on_a_bare_wall(name: str) -> None:
    rgb = read_picture(SAMPLES / name)
    assert detect_target(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)) is None
    scaling = ScaleEstimator.from_settings(ScaleSettings(target=True))
    assert scaling.estimate_scale(Frame(rgb, 0, name, "x", 0.0, 0.0)) is None


def test_an_opencv_without_aruco_is_reported_in_one_line() -> None:
    code = """
import cv2
import numpy as np
del cv2.aruco
from crackscan.edge.measurement.scale.plane_fit import detect_target
from crackscan.core.errors import ScaleError
try:
    detect_target(np.zeros((64, 64), np.uint8))
except ScaleError as error:
    assert "no ArUco" in str(error) and chr(10) not in str(error)
else:
    raise SystemExit(1)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
