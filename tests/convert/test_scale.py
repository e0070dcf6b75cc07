"""The accuracy of scales is measured against a camera whose every number is known."""

import json

import numpy as np
from click.testing import CliRunner

from crackscan.convert.cli.scale import scale as command
from crackscan.convert.scale_accuracy import WAYS
from crackscan.convert.scale_renderings import CameraPose, photograph_board, pose_at
from crackscan.edge.measurement.scale.charuco_board import SHEET
from crackscan.edge.measurement.scale.lens import Lens

LENS = Lens(320, 240, 300.0, 300.0, 160.0, 118.0, 0.0, "true", (-0.2, 0.06, 0.0, 0.0, 0.0))


def test_the_true_scale_of_a_wall_square_to_the_camera_is_distance_over_focal_length() -> None:
    straight = Lens(320, 240, 300.0, 300.0, 159.5, 119.5, 0.0, "plain")
    pose = CameraPose(np.eye(3), np.array([0.0, 0.0, 900.0]))
    places = np.array([[0.0, 0.0], [200.0, -100.0]])
    assert np.allclose(pose.mm_per_px(places, straight), 3.0)
    assert np.allclose(pose.project_points(places, straight), [[159.5, 119.5], [226.1667, 86.1667]])


def test_places_seen_in_the_frame_are_those_on_the_wall() -> None:
    pose = pose_at(np.random.default_rng(1), SHEET, LENS, 0.6, 30.0)
    mm = np.random.default_rng(2).uniform(0, 150, (20, 2))
    assert np.abs(pose.on_wall(pose.project_points(mm, LENS), LENS) - mm).max() < 1e-3


def test_the_drawn_board_is_at_the_stated_corners() -> None:
    """The brightness at the middle of each square: black, or a marker's white margin."""
    rng = np.random.default_rng(3)
    pose = pose_at(rng, SHEET, LENS, 0.8, 20.0)
    rgb = photograph_board(rng, SHEET, LENS, pose, blur_px=0.5, noise=0.0, quality=95)
    margin = (SHEET.square_mm - SHEET.marker_mm) / 4
    seen = []
    for row, column, marker in SHEET.list_squares():
        corner = np.array([column, row]) * SHEET.square_mm
        at = corner + (SHEET.square_mm / 2 if marker is None else margin)
        x, y = np.rint(pose.project_points(at[None], LENS)[0]).astype(int)
        if 2 <= x < 318 and 2 <= y < 238:
            seen.append((marker is None, float(rgb[y, x].mean())))
    black = [value for dark, value in seen if dark]
    white = [value for dark, value in seen if not dark]
    assert len(black) > 8 and len(white) > 8
    assert max(black) < 80 < 120 < min(white)


def test_the_command_prints_each_way() -> None:
    result = CliRunner().invoke(command, ["--pictures", "2", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [one["way"] for one in report] == [way.name for way in WAYS]
    assert all(one["pictures"] == 2 and 0 <= one["coverage"] <= 1 for one in report)
    table = CliRunner().invoke(command, ["--pictures", "1", "--seed", "3"])
    assert "two points" in table.stdout
