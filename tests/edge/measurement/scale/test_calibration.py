"""A camera is calibrated from pictures of the sheet, or they are refused with a reason."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from viewing import LENS, corners_of, poses

from crackscan.convert.scale_renderings import photograph_board
from crackscan.core.errors import ScaleError
from crackscan.core.picture_writing import write_picture
from crackscan.edge.cli.calibrate import VIDEO_EVERY
from crackscan.edge.cli.calibrate import calibrate as command
from crackscan.edge.measurement.scale.calibration import (
    CalibrationViews,
    calibrate_camera,
    select_views,
)
from crackscan.edge.measurement.scale.camera_file import read_camera
from crackscan.edge.measurement.scale.charuco_board import SHEET
from crackscan.edge.measurement.scale.corner_detection import DetectedCorners
from crackscan.edge.measurement.scale.printed_target import PAPERS, read_target


def views_of(views: list[DetectedCorners]) -> CalibrationViews:
    return CalibrationViews(tuple(views), LENS.width_px, LENS.height_px)


def test_focal_length_and_distortion_are_found() -> None:
    views = [corners_of(pose, 0.1, n) for n, pose in enumerate(poses(16))]
    camera = calibrate_camera(views_of(views), "porch")
    lens = camera.lens
    assert abs(lens.focal_px / LENS.focal_px - 1) < lens.relative_uncertainty < 0.02
    assert lens.name == "porch" and camera.views == 16
    assert camera.rms_px == pytest.approx(0.14, abs=0.05)
    places = np.array([[20.0, 20.0], [600.0, 60.0], [320.0, 470.0], [320.0, 240.0]])
    directions = [
        (one.undistort_points(places) - (one.cx_px, one.cy_px)) / one.focal_px
        for one in (LENS, lens)
    ]
    assert np.abs(directions[0] - directions[1]).max() < 0.02


def test_a_blurred_view_is_left_out() -> None:
    views = [corners_of(pose, 0.1, n) for n, pose in enumerate(poses(14))]
    views[3] = corners_of(poses(14)[3], 6.0)
    camera = calibrate_camera(views_of(views), "porch")
    assert camera.views == 13
    assert camera.rms_px < 0.3


def test_the_same_view_twice_counts_once() -> None:
    views = [corners_of(pose, 0.1, n) for n, pose in enumerate(poses(5))]
    assert len(select_views([*views, *views], LENS.width_px)) == 5
    many = [corners_of(pose, 0.1, n) for n, pose in enumerate(poses(70, seed=2))]
    assert len(select_views(many, LENS.width_px)) <= 40


def test_too_few_views_are_refused() -> None:
    views = [corners_of(pose) for pose in poses(5)]
    with pytest.raises(ScaleError, match="only 5 different views"):
        calibrate_camera(views_of(views), "x")


@pytest.mark.parametrize("tilt_deg", [0.0, 0.5, 3.0])
def test_views_without_tilt_are_refused(tilt_deg: float) -> None:
    views = [corners_of(pose, 0.1, n) for n, pose in enumerate(poses(12, tilt_deg=tilt_deg))]
    with pytest.raises(ScaleError, match="too alike") as caught:
        calibrate_camera(views_of(views), "x")
    assert "\n" not in str(caught.value)


def test_views_of_the_middle_only_are_refused() -> None:
    small = [corners_of(pose, 0.1, n) for n, pose in enumerate(poses(12, share=0.2))]
    middle = np.array([320.0, 240.0])
    moved = [
        DetectedCorners(v.board, v.ids, v.points - v.points.mean(axis=0) + middle) for v in small
    ]
    with pytest.raises(ScaleError, match="covers only"):
        calibrate_camera(views_of(moved), "x")


def test_views_that_no_camera_fits_are_refused() -> None:
    views = [corners_of(pose, 4.0, n) for n, pose in enumerate(poses(20))]
    with pytest.raises(ScaleError, match=r"no camera fits|too alike"):
        calibrate_camera(views_of(views), "x")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    rng = np.random.default_rng(0)
    for number, pose in enumerate(poses(11)):
        rgb = photograph_board(rng, SHEET, LENS, pose, blur_px=0.7, noise=2.0, quality=92)
        write_picture(folder / f"{number:02}.jpg", rgb, 92)
    return folder


def test_the_command_makes_a_camera_file_from_pictures(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "camera.json"
    result = CliRunner().invoke(command, [str(pictures), "--out", str(out), "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    report = json.loads(result.stdout)
    assert report["frames"] == 11 and report["views"] >= 8
    assert report["reprojection_rms_px"] < 0.5
    lens = read_camera(out)
    assert lens.focal_px == pytest.approx(LENS.focal_px, rel=0.01)
    assert lens.distortion[0] == pytest.approx(LENS.distortion[0], abs=0.06)


def test_the_command_takes_a_video(pictures: Path, tmp_path: Path) -> None:
    clip, out = tmp_path / "clip.avi", tmp_path / "camera.json"
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(clip), codec, 10.0, (LENS.width_px, LENS.height_px))
    for path in sorted(pictures.iterdir()):
        for _ in range(VIDEO_EVERY):
            writer.write(cv2.imread(str(path)))
    writer.release()
    result = CliRunner().invoke(command, [str(clip), "--out", str(out), "--name", "clip"])
    assert result.exit_code == 0, (result.output, result.exception)
    assert "11 of 11 pictures show the target" in result.stdout
    assert read_camera(out).focal_px == pytest.approx(LENS.focal_px, rel=0.01)
    assert read_camera(out).name == "clip"


def test_the_command_refuses_pictures_without_the_target(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", np.full((240, 320, 3), 128, np.uint8))
    result = CliRunner().invoke(command, [str(tmp_path), "--out", str(tmp_path / "c.json")])
    assert isinstance(result.exception, ScaleError)
    assert "in none of the 1 pictures" in str(result.exception)
    assert not (tmp_path / "c.json").exists()


def test_the_command_refuses_pictures_of_several_sizes(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", np.full((240, 320, 3), 128, np.uint8))
    write_picture(tmp_path / "b.png", np.full((480, 640, 3), 128, np.uint8))
    result = CliRunner().invoke(command, [str(tmp_path), "--out", str(tmp_path / "c.json")])
    assert isinstance(result.exception, ScaleError)
    assert "one orientation" in str(result.exception)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_command_copies_the_target_for_printing(tmp_path: Path, paper: str) -> None:
    path = tmp_path / "target.pdf"
    result = CliRunner().invoke(command, ["--print", str(path), "--paper", paper])
    assert result.exit_code == 0
    assert path.read_bytes() == read_target(paper)
    assert "100 %" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["a.jpg"], ["--print", "a.pdf", "b.jpg"]])
def test_the_command_needs_pictures_and_a_file(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2
