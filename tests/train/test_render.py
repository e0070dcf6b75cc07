import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from crackscan.core.errors import DataError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.core.rendering.photographed_walls import read_backgrounds
from crackscan.core.rendering.procedural_walls import PROCEDURAL
from crackscan.train.cli.render import render
from crackscan.train.render.appearance import draw_look
from crackscan.train.render.camera import draw_camera, photograph_scene
from crackscan.train.render.crack import Strand
from crackscan.train.render.family import FAMILIES, grow_cracks
from crackscan.train.render.path import jagged_path
from crackscan.train.render.preview import contact_sheet
from crackscan.train.render.sample import RenderConfig, Sample, render_sample
from crackscan.train.render.trace import cover_pixels, trace_strands
from crackscan.train.render.visibility import blur_px, made_visible, visible_vertices

ALL_CRACKED = RenderConfig(crack_share=1.0, look_alike_share=0.0)


def concrete(seed: int, side: int = 227) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = cv2.resize(rng.normal(150, 25, (16, 16)).astype(np.float32), (side, side))
    grey = np.clip(noise + rng.normal(0, 4, (side, side)), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def line(start: tuple[float, float], end: tuple[float, float], width_px: float) -> Strand:
    at = np.linspace(0, 1, 60)[:, None]
    course = np.array(start) + at * (np.array(end) - np.array(start))
    points = np.column_stack([course, np.full(60, width_px)]).astype(np.float32)
    return Strand(points, np.full(60, 0.5, np.float32), 0)


def area_px(points: np.ndarray) -> float:
    steps = np.hypot(*np.diff(points[:, :2], axis=0).T)
    return float((steps * (points[1:, 2] + points[:-1, 2]) / 2).sum())


@pytest.mark.parametrize("seed", range(4))
def test_a_seed_and_its_backgrounds_give_the_same_picture_again(seed: int) -> None:
    first = render_sample(seed, 96, [concrete(1), concrete(2)])
    again = render_sample(seed, 96, [concrete(1), concrete(2)])
    assert first.rgb.tobytes() == again.rgb.tobytes()
    assert first.mask.tobytes() == again.mask.tobytes()
    assert first.kind == again.kind
    assert [a.tobytes() for a in first.centre_lines] == [a.tobytes() for a in again.centre_lines]


def test_other_seeds_give_other_pictures() -> None:
    assert len({render_sample(seed, 64).rgb.tobytes() for seed in range(6)}) == 6


@pytest.mark.parametrize("size", [64, 144, 257])
def test_a_sample_has_the_size_asked_for(size: int) -> None:
    for seed in range(4):
        sample = render_sample(seed, size, [concrete(3)])
        assert sample.rgb.shape == (size, size, 3) and sample.rgb.dtype == np.uint8
        assert sample.mask.shape == (size, size) and set(np.unique(sample.mask)) <= {0, 255}
        for points in sample.centre_lines:
            assert points.dtype == np.float32 and points.shape[1] == 3 and len(points) >= 2
            assert (points[:, :2] >= -0.5).all() and (points[:, :2] <= size - 0.5).all()
            assert (points[:, 2] > 0).all()


def test_a_picture_of_look_alikes_only_has_an_empty_mask() -> None:
    for seed in range(12):
        sample = render_sample(seed, 96, [concrete(4)], RenderConfig(crack_share=0.0))
        assert not sample.mask.any() and sample.centre_lines == ()
        wall, family, *alikes = sample.kind.split("+")
        assert family == "plain" and alikes and wall in {"real", *PROCEDURAL}


def test_about_half_of_the_pictures_show_a_crack() -> None:
    cracked = sum(bool(render_sample(seed, 48).mask.any()) for seed in range(120))
    assert 40 <= cracked <= 75


@pytest.mark.parametrize("width_px", [0.5, 0.8, 1.5, 3.0, 6.0, 12.0])
@pytest.mark.parametrize("angle", [0.0, 0.3, 0.8, 1.2, 1.5708])
def test_coverage_adds_up_to_the_area_drawn(width_px: float, angle: float) -> None:
    reach = 60 * np.array([np.cos(angle), np.sin(angle)])
    drawn = line(tuple(80.3 - reach), tuple(80.3 + reach), width_px)
    covered = cover_pixels(trace_strands([drawn], 160, 160, 1.0), 160, 160)
    caps = np.pi * width_px**2 / 4
    assert covered.sum() == pytest.approx(area_px(drawn.points) + caps, rel=0.03)


@pytest.mark.parametrize("width_px", [0.6, 1.5, 4.0, 9.0])
def test_coverage_of_a_ragged_crack_adds_up_to_its_widths(width_px: float) -> None:
    rng = np.random.default_rng(7)
    course = jagged_path(rng, np.array([30.0, 40.0]), np.array([270.0, 250.0]), 0.03, 0.5, 12.0)
    width = (width_px * (1 + 0.4 * np.sin(np.arange(len(course)) / 9))).astype(np.float32)
    drawn = Strand(np.column_stack([course, width]), np.full(len(course), 0.5, np.float32), 0)
    covered = cover_pixels(trace_strands([drawn], 300, 300, 1.0), 300, 300)
    caps = np.pi * (width[0] ** 2 + width[-1] ** 2) / 8
    assert covered.sum() == pytest.approx(area_px(drawn.points) + caps, rel=0.04)


def test_the_mask_agrees_with_the_widths_of_wide_cracks() -> None:
    config = RenderConfig(1.0, 0.0, 1.0, width_px=(5.0, 9.0))
    ratios = []
    for seed in range(40):
        sample = render_sample(seed, 192, (), config)
        if "+single" in sample.kind and len(sample.centre_lines) == 1:
            ratios.append((sample.mask > 0).sum() / area_px(sample.centre_lines[0]))
    assert len(ratios) >= 5
    assert np.median(ratios) == pytest.approx(1.0, abs=0.06)


def test_a_thin_crack_is_one_unbroken_line_in_the_mask() -> None:
    config = RenderConfig(1.0, 0.0, 1.0, width_px=(0.5, 0.6))
    for seed in range(20):
        sample = render_sample(seed, 128, (), config)
        for points in sample.centre_lines:
            alone = np.zeros_like(sample.mask)
            cv2.polylines(alone, [np.rint(points[:, :2]).astype(np.int32)], False, 255)
            assert (sample.mask[alone > 0] == 255).all()
            assert cv2.connectedComponents(alone, connectivity=8)[0] == 2


def test_centre_lines_follow_the_picture_through_its_resizing() -> None:
    """In a picture rendered large and shrunk, or the reverse, the lines lie on dark pixels."""
    config = RenderConfig(1.0, 0.0, 1.0, width_px=(3.0, 8.0))
    darker = []
    for seed in range(60):
        sample = render_sample(seed, 160, (), config)
        grey = sample.rgb.mean(axis=2)
        far = cv2.distanceTransform(255 - sample.mask, cv2.DIST_L2, 5)
        for points in sample.centre_lines:
            x, y = np.rint(points[:, :2]).astype(int).T
            near = grey[(far > 5) & (far < 14)]
            if len(x) > 20 and len(near) > 50:
                darker.append(grey[y, x].mean() < near.mean())
    assert len(darker) > 30 and np.mean(darker) > 0.85


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_grows_with_widths_in_pixels(family: str) -> None:
    widths = []
    for seed in range(8):
        for piece in grow_cracks(np.random.default_rng(seed), family, 192, 0.5, 12.0):
            assert piece.points.shape[1] == 3 and len(piece.left) == len(piece.points)
            assert np.isfinite(piece.points).all()
            widths.append(piece.points[:, 2])
    assert np.concatenate(widths).min() >= 0.3 and np.concatenate(widths).max() <= 30.0


@pytest.mark.parametrize("name", PROCEDURAL)
def test_a_procedural_wall_is_a_picture_with_texture(name: str) -> None:
    for seed in range(6):
        wall = PROCEDURAL[name][1](np.random.default_rng(seed), 120)
        assert wall.shape == (120, 120, 3) and wall.dtype == np.float32
        assert 0.05 < wall.mean() < 1.2 and wall.std() > 0.002


def test_the_camera_keeps_a_flat_wall_flat_and_in_place() -> None:
    scene = np.full((80, 80, 3), 0.5, np.float32)
    scene[:, 40:] = 0.25
    for seed in range(10):
        rng = np.random.default_rng(seed)
        picture = photograph_scene(scene, 64, rng, draw_camera(rng)).astype(float).mean(axis=2)
        assert picture.shape == (64, 64)
        assert picture[:, :26].mean() > 1.25 * picture[:, 38:].mean()


def test_a_hairline_under_a_strong_blur_is_made_visible_or_not_labelled() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        look, camera = made_visible(draw_look(rng), draw_camera(rng), 0.5)
        if look.fill != "lime":
            assert 1 - look.inside > 0.05 and blur_px(camera) < 4.0


def test_a_crack_that_changes_nothing_is_not_visible() -> None:
    wall = np.full((100, 100, 3), 0.6, np.float32)
    drawn = line((10, 50), (90, 50), 2.0)
    camera = draw_camera(np.random.default_rng(0))
    assert not visible_vertices([drawn], wall, wall.copy(), camera)[0].any()
    dark = wall.copy()
    dark[48:52] *= 0.3
    assert visible_vertices([drawn], wall, dark, camera)[0].all()


def test_what_is_hung_before_a_crack_hides_it() -> None:
    wall = np.full((100, 100, 3), 0.6, np.float32)
    dark = wall.copy()
    dark[48:52] *= 0.3
    for picture in (wall, dark):
        picture[:, 40:60] = 0.2
    camera = replace(draw_camera(np.random.default_rng(0)), defocus_px=0.3, motion_px=0.0)
    drawn = line((10, 50), (90, 50), 4.0)
    shown = visible_vertices([drawn], wall, dark, camera)[0]
    x = drawn.points[:, 0]
    assert shown[(x < 36) | (x > 64)].all() and not shown[(x > 44) & (x < 56)].any()


def test_a_contact_sheet_shows_picture_and_outline_side_by_side() -> None:
    samples: list[Sample] = [render_sample(seed, 64, (), ALL_CRACKED) for seed in range(5)]
    sheet = contact_sheet(samples, 2)
    assert sheet.shape == (3 * 68 + 4, 4 * 68 + 4, 3)
    np.testing.assert_array_equal(sheet[4:68, 4:68], samples[0].rgb)
    assert (sheet[4:68, 72:136] != samples[0].rgb).any()


def test_the_command_writes_a_data_folder_with_masks_and_a_sheet(tmp_path: Path) -> None:
    walls = tmp_path / "walls"
    walls.mkdir()
    write_picture(walls / "a.png", concrete(5))
    out, sheet = tmp_path / "set", tmp_path / "sheet.png"
    options = ["--count", "6", "--size", "64", "--seed", "40", "--background", str(walls)]
    result = CliRunner().invoke(render, ["--out", str(out), "--preview", str(sheet), *options])
    assert result.exit_code == 0, result.output
    lines = [json.loads(text) for text in (out / "lines.jsonl").read_text().splitlines()]
    assert [record["seed"] for record in lines] == list(range(40, 46))
    for record in lines:
        picture = read_picture(out / "images" / record["image"])
        mask = cv2.imread(str(out / "masks" / record["image"].replace(".jpg", ".png")), 0)
        assert picture.shape == (64, 64, 3) and mask is not None and mask.shape == (64, 64)
        assert bool(record["lines"]) == bool(mask.any())
    assert read_picture(sheet).shape[1] == 8 * 68 + 4


def test_the_command_will_not_mix_two_sets(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("here")
    result = CliRunner().invoke(render, ["--out", str(tmp_path), "--count", "1"])
    assert isinstance(result.exception, DataError) and "not empty" in str(result.exception)


def test_the_command_needs_somewhere_to_write() -> None:
    result = CliRunner().invoke(render, ["--count", "1"])
    assert result.exit_code == 2 and "--preview" in result.output


def test_a_background_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture"):
        read_backgrounds([tmp_path])
