"""The overlay marks cracks and hides none: outside the outlines no pixel changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crackscan.core.pictures import RGB
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding, Rule, find_cracks
from crackscan.edge.reporting.caption import caption_px, format_probability
from crackscan.edge.reporting.overlay import PARAMETERS, annotate_frame, probability_colour
from crackscan.edge.reporting.palette import ALARM, AMBER, GREEN, INK, RED


def wall(height: int, width: int) -> RGB:
    return np.random.default_rng(1).integers(120, 160, (height, width, 3), np.uint8)


def findings_in(rgb: RGB, crack_map: np.ndarray) -> list[Finding]:
    return find_cracks(crack_map, Frame(rgb, 0, "x.jpg", "x.jpg", 0.0, 0.0), Rule(0.5, 0.5, 1, 16))


def overlay(rgb: RGB, crack_map: np.ndarray, rate_fps: float | None = None) -> RGB:
    return annotate_frame(rgb, crack_map, findings_in(rgb, crack_map), 0.5, 16, rate_fps)


def lit(rows: int, cols: int, *cells: tuple[int, int]) -> np.ndarray:
    crack_map = np.zeros((rows, cols), np.float32)
    for cell in cells:
        crack_map[cell] = 0.98
    return crack_map


def test_without_findings_only_a_green_caption_is_added() -> None:
    rgb = wall(240, 320)
    before = rgb.copy()
    picture = overlay(rgb, lit(15, 20))
    bar_px = caption_px(240, 320)
    assert picture.shape == (240 + bar_px, 320, 3)
    assert (picture[bar_px:] == before).all() and (rgb == before).all()
    assert tuple(picture[1, 1]) == GREEN


def test_a_finding_is_outlined_and_tinted_and_the_wall_stays_visible() -> None:
    rgb = wall(240, 320)
    rgb[100:140, 158:162] = 20  # the crack
    picture = overlay(rgb, lit(15, 20, (6, 9), (6, 10), (7, 9), (7, 10), (8, 9), (8, 10)))
    below = picture[caption_px(240, 320) :].astype(int)
    assert tuple(picture[1, 1]) == ALARM
    inside = np.s_[104:136, 148:172]
    assert np.abs(below[inside] - rgb[inside]).max() <= PARAMETERS.tint * 255 + 1
    dark, bright = below[104:136, 159:161].mean(), below[104:136, 149:153].mean()
    assert bright - dark > 0.7 * (140 - 20)  # the crack keeps its contrast
    reds = np.abs(below - probability_colour(0.98, 0.5)).sum(axis=2) < 40
    rows, cols = np.nonzero(reds)
    assert rows.min() in range(92, 97) and rows.max() in range(143, 148)
    assert cols.min() in range(140, 145) and cols.max() in range(175, 180)
    assert (np.abs(below - INK).sum(axis=2) < 40).any()  # the dark rim


def test_a_hole_in_a_finding_stays_open() -> None:
    ring = [(row, col) for row in range(3, 10) for col in range(3, 10)]
    ring = [cell for cell in ring if not (5 <= cell[0] <= 7 and 5 <= cell[1] <= 7)]
    rgb = wall(208, 208)
    below = overlay(rgb, lit(13, 13, *ring))[caption_px(208, 208) :]
    hole = np.s_[6 * 16 : 7 * 16, 6 * 16 : 7 * 16]
    assert (below[hole] == rgb[hole]).all()


@pytest.mark.parametrize(
    ("height", "width", "line_px"),
    [(64, 64, 1), (227, 227, 1), (480, 640, 2), (720, 1280, 3), (3000, 4000, 12)],
)
def test_lines_and_caption_grow_with_the_frame(height: int, width: int, line_px: int) -> None:
    rows, cols = -(-height // 16), -(-width // 16)
    row, col = rows // 2, cols // 2
    cells = [(row + r, col + c) for r in (-1, 0, 1) for c in (-1, 0, 1)]
    picture = overlay(np.full((height, width, 3), 140, np.uint8), lit(rows, cols, *cells))
    bar_px = caption_px(height, width)
    assert picture.shape[0] % 2 == 0 and max(22, 0.06 * min(height, width)) <= bar_px + 1
    across = picture[bar_px + row * 16 + 8].astype(int)
    left = across[: col * 16]
    red = np.abs(left - probability_colour(0.98, 0.5)).sum(axis=1) < 150
    assert abs(int(red.sum()) - line_px) <= 2  # OpenCV's thick lines are rough


@pytest.mark.parametrize("width", [32, 100, 640])
def test_the_caption_shows_the_verdict_at_any_width_and_the_rest_if_it_fits(width: int) -> None:
    rgb = wall(240, width)
    cols = -(-width // 16)
    with_rate = overlay(rgb, lit(15, cols, (7, 0)), rate_fps=12.34)
    without = overlay(rgb, lit(15, cols, (7, 0)))
    assert tuple(with_rate[1, 1]) == ALARM
    assert (with_rate.shape == without.shape) and (with_rate[40:] == without[40:]).all()
    assert ((with_rate != without).any()) == (width == 640)


def test_colours_run_from_amber_to_red() -> None:
    assert probability_colour(0.5, 0.5) == AMBER and probability_colour(1.0, 0.5) == RED
    assert probability_colour(0.2, 0.5) == AMBER and probability_colour(1.0, 1.0) == AMBER
    greens = [probability_colour(step / 10, 0.5)[1] for step in range(5, 11)]
    assert greens == sorted(greens, reverse=True)


def test_no_probability_is_shown_as_certain() -> None:
    assert format_probability(0.9999) == "99 %" and format_probability(0.874) == "87 %"


maps = st.tuples(st.integers(2, 9), st.integers(2, 9)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.sampled_from([0, 0, 0, 0.25, 0.625, 1]))
)


@given(maps, st.integers(0, 15), st.integers(0, 15))
def test_far_from_findings_no_pixel_changes(
    crack_map: np.ndarray, cut_rows: int, cut_cols: int
) -> None:
    rows, cols = crack_map.shape
    rgb = wall(rows * 16 - cut_rows, cols * 16 - cut_cols)
    below = overlay(rgb, crack_map)[caption_px(*rgb.shape[:2]) :]
    far = np.ones(rgb.shape[:2], bool)
    for finding in findings_in(rgb, crack_map):
        for row, col in finding.cells:
            top, left = max(row * 16 - 16, 0), max(col * 16 - 16, 0)
            far[top : row * 16 + 32, left : col * 16 + 32] = False
    assert (below[far] == rgb[far]).all()


def test_labels_are_next_to_their_findings_inside_the_frame() -> None:
    rgb = np.full((240, 320, 3), 128, np.uint8)
    crack_map = np.zeros((15, 20), np.float32)
    crack_map[0, 1:6] = crack_map[7, 8:12] = crack_map[14, 18:] = 0.9
    picture = Frame(rgb, 0, "wall.jpg", "wall.jpg", 0.0, 0.0)
    findings = find_cracks(crack_map, picture, Rule(0.5, 0.5, 1, 16))
    plain = annotate_frame(rgb, crack_map, findings, 0.5, 16)
    labelled = annotate_frame(
        rgb, crack_map, findings, 0.5, 16, labels=["0.32 ± 0.05 mm", "", "3.2 ± 0.5 px"]
    )
    assert plain.shape == labelled.shape
    changed = (plain != labelled).any(axis=2)
    assert 300 < changed.sum() < 9000
    none = annotate_frame(rgb, crack_map, findings, 0.5, 16, labels=["", "", ""])
    assert (none == plain).all()


def test_the_caption_shows_why_a_frame_cannot_be_judged() -> None:
    rgb, calm = wall(240, 640), lit(15, 40)
    unusable = annotate_frame(rgb, calm, [], 0.5, 16, 12.0, "too fast")
    assert tuple(unusable[1, 1]) == AMBER, "not shown as: no crack"
    assert (unusable[caption_px(240, 640) :] == rgb).all()
    cracked = lit(15, 40, (6, 9), (6, 10), (7, 9), (7, 10))
    both = annotate_frame(rgb, cracked, findings_in(rgb, cracked), 0.5, 16, 12.0, "too far")
    assert tuple(both[1, 1]) == ALARM and (both[1] == AMBER).all(axis=1).any()
