"""Cells become components: hysteresis, gaps, and the score of the strongest cells."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crackscan.core.components import (
    ComponentRule,
    component_boxes,
    component_rule,
    label_components,
    score_components,
)
from crackscan.core.model_card import (
    Card,
    OperatingPoint,
    Pooling,
    append_card,
    read_card,
    replace_card,
)
from crackscan.core.pooling import logit_to_probability
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule, find_cracks

CARD = Card(
    name="any",
    version="1",
    backbone="none",
    cell_px=16,
    patch_px=192,
    margin_px=0,
    pooling=Pooling(2),
    temperature=1.0,
    operating_points={"default": OperatingPoint(0.9, 0.6)},
    scale="any",
)


def _map(picture: str) -> np.ndarray:
    """`#` is a sure cell, `+` a likely one, `.` none."""
    values = {"#": 0.9, "+": 0.4, ".": 0.01}
    lines = picture.split()
    return np.array([[values[one] for one in line] for line in lines], np.float32)


@pytest.mark.parametrize(
    ("picture", "gap", "components"),
    [
        ("##.##", 0, 2),
        ("##.##", 1, 1),
        ("##..##", 1, 2),
        ("#.... ..... ..#..", 1, 1),
        ("#.... ..... ...#.", 1, 2),
        ("..#.. ..... #....", 1, 1),
        ("...#. ..... #....", 1, 2),
        ("#++++ ..... +++++", 0, 1),
        ("+++++", 1, 0),
    ],
)
def test_components(picture: str, gap: int, components: int) -> None:
    rule = ComponentRule(cell=0.3, seed=0.8, score=0.5, strongest_cells=2, gap_cells=gap)
    assert label_components(_map(picture), rule)[1] == components


def test_the_likely_cells_next_to_a_sure_one_belong_to_it() -> None:
    rule = ComponentRule(cell=0.3, seed=0.8, score=0.5, strongest_cells=2)
    labels, _ = label_components(_map("+#++. ..... ..+++"), rule)
    assert labels.tolist() == [[1, 1, 1, 1, 0], [0] * 5, [0] * 5]
    assert component_boxes(labels, 1).tolist() == [[0, 0, 1, 4]]


def test_a_card_of_version_1_knows_one_cell_threshold() -> None:
    rule = component_rule(CARD)
    assert (rule.cell, rule.seed, rule.score) == (0.6, 0.6, 0.9)
    assert (rule.strongest_cells, rule.gap_cells) == (2, 0)


def test_a_card_of_version_2_says_how_components_become_findings() -> None:
    text = Card(
        **{
            **CARD.__dict__,
            "operating_points": {
                "default": OperatingPoint(0.9, 0.6, joined=0.2, finding=0.8, meaning="any")
            },
            "card_version": 2,
            "finding_cells": 8,
            "gap_cells": 1,
        }
    ).to_json()
    rule = Rule.of(Card.from_json(text))
    assert (rule.joined, rule.cell, rule.patch) == (0.2, 0.6, 0.8)
    assert (rule.pooled_cells, rule.gap_cells) == (8, 1)


def test_replacing_a_card_leaves_the_model_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    append_card(b"weights of any length", CARD, path)
    replace_card(path, replace(CARD, version="2", gap_cells=1))
    assert read_card(path).gap_cells == 1
    assert path.read_bytes().startswith(b"weights of any length")
    once = path.read_bytes()
    replace_card(path, replace(CARD, version="2", gap_cells=1))
    assert path.read_bytes() == once
    assert [one.name for one in tmp_path.iterdir()] == ["model.tflite"]


@pytest.mark.parametrize(("field", "value"), [("gap_cells", 2), ("finding_cells", 0)])
def test_a_card_with_an_impossible_rule_is_broken(field: str, value: int) -> None:
    card = Card(**{**CARD.__dict__, field: value})
    with pytest.raises(ValueError, match="gap_cells must be 0 or 1"):
        Card.from_json(card.to_json())


@given(
    arrays(np.float32, (7, 9), elements=st.floats(0.0, 1.0, width=16)),
    st.sampled_from([0, 1]),
    st.integers(1, 8),
)
def test_evaluation_and_scan_find_the_same(crack_map: np.ndarray, gap: int, cells: int) -> None:
    rule = Rule(0.7, 0.6, cells, 16, 0.4, gap)
    frame = Frame(np.zeros((7 * 16, 9 * 16, 3), np.uint8), 0, "any", "any", 0.0, 0.0)
    labels, count = label_components(crack_map, rule.components)
    scores = score_components(crack_map, labels, count, rule.components)
    expected = sorted(logit_to_probability(float(one), 1.0) for one in scores)
    kept = [one for one in expected if one >= rule.patch]
    found = sorted(one.probability for one in find_cracks(crack_map, frame, rule))
    assert np.allclose(found, kept, atol=1e-5) or any(abs(p - rule.patch) < 1e-5 for p in expected)
