"""The decision rule of a finished model, fitted to whole pictures of the development set."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crackscan.core.components import (
    ComponentRule,
)
from crackscan.core.model_card import (
    DEFAULT_POINT,
    Card,
    OperatingPoint,
    read_card,
    replace_card,
)
from crackscan.core.pooling import logit_to_probability
from crackscan.train.data.wall_photographs import SCENES, WALLS
from crackscan.train.evaluate.development_set import CLOSE_UPS, DRONE, PictureSet
from crackscan.train.evaluate.froc import (
    Judged,
    SetMaps,
    false_at,
    found_at,
    threshold_at,
)
from crackscan.train.evaluate.predict import load_scorer
from crackscan.train.evaluate.whole_pictures import UNRATED, judge_set, map_set

PROMISES = {DEFAULT_POINT: 0.05, "high-recall": 0.3, "precise": 0.01}
"""False findings a picture that each operating point lets pass on the development set."""
FOUND_ON = (DRONE, CLOSE_UPS, WALLS)
"""Sets with cracks over which the length found is averaged, each set alike."""
JOINED = (0.15, 0.2, 0.25, 0.3, 0.4)
"""Cell thresholds that are tried. Below them findings grow wider than their cracks."""
STRONGEST = (4, 6, 8, 12)
GAPS = (0, 1)


@dataclass(frozen=True)
class Fitted:
    """A rule and what it comes to."""

    rule: ComponentRule
    found: float
    """Mean of the length found at the promises of all points."""
    thresholds: dict[str, float]
    """Score from which on a component is a finding, as a logit, by operating point."""


def fit_rules(maps: Sequence[SetMaps]) -> list[Fitted]:
    """All rules that were tried, the best first: most length found at the promised rates.

    The thresholds are chosen for the promised rates over all sets together (without rendered
    masonry), the length found is the mean over the sets with cracks and over the three points.
    """
    fitted = []
    for joined, gap, strongest in itertools.product(JOINED, GAPS, STRONGEST):
        rule = ComponentRule(joined, joined, 0.0, strongest, gap)
        fitted.append(_judged_by(maps, rule))
    return sorted(fitted, key=lambda one: -one.found)


def _judged_by(maps: Sequence[SetMaps], rule: ComponentRule) -> Fitted:
    judged = {one.name: judge_set(one, rule) for one in maps}
    thresholds = {name: threshold_at(_rated(judged), rate) for name, rate in PROMISES.items()}
    found = [_mean_found(judged, threshold) for threshold in thresholds.values()]
    return Fitted(rule, float(np.mean(found)), thresholds)


def set_operating_points(
    model: Path, sets: Sequence[PictureSet], report: Callable[[str, int, int], None]
) -> tuple[Card, list[Fitted]]:
    """Fit the decision rule of a model to the development set and write it into its card.

    The patch thresholds stay. `cell`, the threshold that a finding must have a cell of and that
    live evidence is counted against, stays too, but is never below the one that joins cells.

    Returns the new card, and the rules that were tried.
    """
    scorer = load_scorer(model, 1)
    maps = []
    for one in sets:
        stage, total = f"{model.stem} on {one.name}", len(one.pictures)
        maps.append(map_set(scorer, one, lambda done: report(stage, done, total)))  # noqa: B023
    tried = fit_rules(maps)
    best = tried[0]
    card = read_card(model)
    fallback = card.operating_point()
    points = {}
    figures: dict[str, Any] = {}
    joined = best.rule.cell
    judged = {one.name: judge_set(one, best.rule) for one in maps}
    for name, rate in PROMISES.items():
        before = card.operating_points.get(name, fallback)
        threshold = best.thresholds[name]
        finding = min(max(round(logit_to_probability(threshold, 1.0), 4), 1e-4), 1 - 1e-4)
        points[name] = OperatingPoint(
            patch=before.patch,
            cell=max(before.cell, joined),
            meaning=f"at most {rate:g} false findings a picture on the development set",
            joined=joined,
            finding=finding,
        )
        figures[name] = {
            "false_a_picture": round(false_at(_rated(judged), threshold), 4),
            "found": {
                one: round(found_at(judged[one], threshold), 4) for one in judged if one != SCENES
            },
        }
    changed = replace(
        card,
        card_version=2,
        operating_points=points,
        finding_cells=best.rule.strongest_cells,
        gap_cells=best.rule.gap_cells,
        figures={**card.figures, "whole pictures": figures},
    )
    replace_card(model, changed)
    return changed, tried


def _rated(judged: dict[str, list[Judged]]) -> list[Judged]:
    return [one for name, pictures in judged.items() if name not in UNRATED for one in pictures]


def _mean_found(judged: dict[str, list[Judged]], threshold: float) -> float:
    return float(np.mean([found_at(judged[name], threshold) for name in FOUND_ON]))
