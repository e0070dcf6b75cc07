"""A finding is one connected piece of crack; none is lost, none is counted twice."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Rule, find_cracks, finding_of
from crackscan.edge.detection.finding_json import finding_dict

LEVELS = [float(np.float32(one)) for one in (0.0, 0.1, 0.2, 0.4, 0.9)]
"""As float32 has them: hypothesis demands it where numpy is 1.24."""
RULE = Rule(cell=0.3, patch=0.6, pooled_cells=1, cell_px=16)


def frame_for(rows: int, cols: int, cut: int = 0) -> Frame:
    """A frame whose last row and column of cells lack `cut` pixels."""
    rgb = np.zeros((rows * 16 - cut, cols * 16 - cut, 3), np.uint8)
    return Frame(rgb, 7, "clip.mp4#7", "clip.mp4", 1.0, 1.7e9, 0.28)


def map_of(*rows: str) -> np.ndarray:
    """A map drawn with digits, tenths of a probability."""
    return np.array([[int(cell) / 10 for cell in row] for row in rows], np.float32)


@pytest.mark.parametrize(
    ("drawing", "cells"),
    [
        (["000", "000"], []),
        (["900", "000"], [1]),
        (["900", "090"], [2]),  # a diagonal neighbour is a neighbour
        (["90009", "00000"], [1, 1]),
        (["93330"], [4]),  # a crack that fades is followed,
        (["93303"], [3]),  # but not across a gap,
        (["33333"], []),  # and never begun by weak cells alone
        (["93339"], [5]),  # two strong ends of one crack are one finding
        (["98889", "80008", "98889"], [12]),  # a ring
    ],
)
def test_cells_become_findings(drawing: list[str], cells: list[int]) -> None:
    crack_map = map_of(*drawing)
    findings = find_cracks(crack_map, frame_for(*crack_map.shape), RULE)
    assert sorted(len(finding.cells) for finding in findings) == sorted(cells)


def test_a_finding_says_where_how_large_and_how_sure() -> None:
    crack_map = map_of("0000", "0078", "0009")
    (finding,) = find_cracks(crack_map, frame_for(3, 4, cut=6), RULE)
    assert finding.cells == ((1, 2), (1, 3), (2, 3))
    assert finding.box == BoundingBox(left=32, top=16, right=58, bottom=42)
    assert finding.area_px == 16 * 16 + 16 * 10 + 10 * 10  # border cells are cut
    assert finding.peak == pytest.approx(0.9) and finding.mean == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("drawing", "found"),
    [
        (["0000", "0900", "0000"], False),  # one hot cell beside calm ones
        (["1111", "1911", "1111"], False),
        (["0000", "9999", "0000"], True),
        (["0000", "0990", "0440"], True),  # 0.9, 0.9, 0.4, 0.4 pool to 0.71
    ],
)
def test_a_finding_alarms_as_a_patch_would(drawing: list[str], found: bool) -> None:
    crack_map = map_of(*drawing)
    rule = Rule(cell=0.3, patch=0.6, pooled_cells=4, cell_px=16)
    assert bool(find_cracks(crack_map, frame_for(*crack_map.shape), rule)) == found


def test_the_surest_comes_first() -> None:
    crack_map = map_of("70909", "70000")
    peaks = [finding.peak for finding in find_cracks(crack_map, frame_for(2, 5), RULE)]
    assert peaks == pytest.approx([0.9, 0.9, 0.7])


def test_a_finding_survives_json() -> None:
    crack_map = map_of("79")
    (finding,) = find_cracks(crack_map, frame_for(1, 2), RULE)
    read = json.loads(json.dumps(finding_dict(finding)))
    assert read["box"] == [0, 0, 32, 16] and read["cells"] == [[0, 0], [0, 1]]
    assert read["peak"] == 0.9 and read["width"] == "" and read["scale"] is None


probabilities = st.floats(0, 1, width=32, allow_subnormal=False)  # 32-bit ARM makes them 0
maps = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=probabilities)
)


@given(maps, st.floats(0.0625, 0.9375, width=32))
def test_where_one_cell_decides_every_strong_cell_is_in_exactly_one_finding(
    crack_map: np.ndarray, threshold: float
) -> None:
    rule = Rule(threshold / 2, threshold, 1, 16)
    findings = find_cracks(crack_map, frame_for(*crack_map.shape), rule)
    cells = [cell for finding in findings for cell in finding.cells]
    assert len(cells) == len(set(cells))
    assert {tuple(cell) for cell in np.argwhere(crack_map >= threshold + 1e-5).tolist()} <= set(
        cells
    )
    assert all(crack_map[cell] >= threshold / 2 for cell in cells)
    for finding in findings:
        assert finding.peak >= threshold - 1e-5 and finding.area_px == len(finding.cells) * 256


@given(maps)
def test_turning_the_map_turns_the_findings(crack_map: np.ndarray) -> None:
    upright = find_cracks(crack_map, frame_for(*crack_map.shape), RULE)
    turned_map = np.ascontiguousarray(crack_map.T)
    turned = find_cracks(turned_map, frame_for(*turned_map.shape), RULE)
    assert {frozenset(finding.cells) for finding in upright} == {
        frozenset((row, col) for col, row in finding.cells) for finding in turned
    }


@given(arrays(np.float32, (7, 9), elements=st.sampled_from(LEVELS)))
def test_a_part_of_the_map_tells_of_a_finding_what_the_whole_map_tells(
    crack_map: np.ndarray,
) -> None:
    rule = replace(RULE, pooled_cells=4)
    frame = frame_for(7, 9, cut=3)
    for finding in find_cracks(crack_map, frame, rule):
        mask = np.zeros(crack_map.shape, np.bool_)
        mask[tuple(np.array(finding.cells).T)] = True
        assert finding_of(mask, crack_map, frame, rule) == finding
