"""How good a model's findings are on whole pictures: FROC with intervals, by width, with sheets."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscan.core.components import (
    ComponentRule,
    component_rule,
    label_components,
    score_components,
)
from crackscan.core.pooling import logit, logit_to_probability, sigmoid
from crackscan.train.evaluate.development_set import MASONRY, QUAY, PictureSet, read_boxes
from crackscan.train.evaluate.findings_report import plot_curves, write_figures, write_sheets
from crackscan.train.evaluate.froc import (
    WIDTHS_PX,
    Judged,
    SetMaps,
    Truth,
    alarming_at,
    curve,
    false_at,
    found_at,
    judge,
    threshold_at,
    truth_of,
    truth_of_boxes,
)
from crackscan.train.evaluate.predict import Scorer, load_scorer, score_pictures

RATES = (0.01, 0.02, 0.05, 0.1, 0.3)
"""False findings a picture at which the curves are read."""
UNRATED = frozenset({MASONRY, QUAY})
"""Sets whose false findings do not choose thresholds: rendered walls are not what is met, and of
the quays not every crack is marked."""
DRAWN = 400
"""Bootstrap samples."""
LEAST_PHOTOGRAPHS = 5
"""With fewer photographs an interval says nothing."""

RGB = NDArray[np.uint8]


def evaluate_findings(
    models: Sequence[Path],
    sets: Sequence[PictureSet],
    out: Path,
    point: str,
    command: str,
    report: Callable[[str, int, int], None],
    threads: int | None = None,
) -> dict[str, Any]:
    """Judge models on whole pictures and write figures, curves and sheets; sheets of the first.

    Raises:
        CrackscanError: a model or a picture cannot be read.
    """
    told: list[dict[str, Any]] = []
    curves = []
    for number, path in enumerate(models):
        scorer = load_scorer(path, threads)
        rule = component_rule(scorer.card, point)
        threshold = float(logit(np.array([rule.score], np.float32))[0])
        maps = []
        for one in sets:
            stage, total = f"{path.stem} on {one.name}", len(one.pictures)
            maps.append(map_set(scorer, one, lambda done: report(stage, done, total)))  # noqa: B023
        judged = {one.name: judge_set(one, rule) for one in maps}
        name = f"{scorer.card.name} {scorer.card.version} ({path.name})"
        told.append(
            {
                "name": name,
                "file": path.name,
                "rule": asdict(rule),
                "runtime": scorer.runtime,
                **figures(judged, threshold),
            }
        )
        curves.append((name, points(judged)))
        if number == 0:
            out.mkdir(parents=True, exist_ok=True)
            write_sheets(out, sets, maps, judged, rule, threshold, scorer.card.cell_px)
    document = {
        "command": command,
        "operating_point": point,
        "sets": [{"name": one.name, "pictures": len(one.pictures)} for one in sets],
        "models": told,
        "curves": dict(curves),
    }
    write_figures(out, document)
    plot_curves(out, curves)
    return document


def map_set(scorer: Scorer, pictures: PictureSet, progress: Callable[[int], None]) -> SetMaps:
    """Score the pictures of a set with a model, and read what they really show."""
    cell_px, temperature = scorer.card.cell_px, np.float32(scorer.card.temperature)
    truths: list[Truth] = []

    def read() -> Iterator[tuple[int, RGB]]:
        for one, rgb, mask in pictures.read():
            if one.boxes is None:
                truth = truth_of(one.name, one.photograph, mask, cell_px)
            else:
                boxes, shape = read_boxes(one.boxes), (rgb.shape[0], rgb.shape[1])
                truth = truth_of_boxes(one.name, one.photograph, boxes, shape, cell_px)
            truths.append(truth)
            progress(len(truths))
            yield len(truths) - 1, rgb

    logits = {at: found / temperature for at, _, found in score_pictures(scorer, read())}
    return SetMaps(pictures.name, tuple(truths), tuple(logits[at] for at in range(len(truths))))


def judge_set(maps: SetMaps, rule: ComponentRule) -> list[Judged]:
    """Judge the components of all pictures of a set, whatever their score."""
    judged = []
    for truth, logits in zip(maps.truths, maps.logits, strict=True):
        crack_map = sigmoid(logits)
        labels, count = label_components(crack_map, rule)
        scores = score_components(crack_map, labels, count, rule)
        judged.append(judge(truth, labels, scores))
    return judged


def figures(sets: dict[str, list[Judged]], score_threshold: float, seed: int = 0) -> dict[str, Any]:
    """What a rule comes to at its own threshold and at fixed rates of false findings.

    Args:
        sets: judged pictures by the name of their set.
        score_threshold: mean logit from which on a component is a finding.
    """
    rated = [one for name, judged in sets.items() if name not in UNRATED for one in judged]
    at_rates = []
    for rate in RATES:
        threshold = threshold_at(rated, rate)
        at_rates.append(
            {
                "false_a_picture": rate,
                "threshold": logit_to_probability(threshold, 1.0)
                if np.isfinite(threshold)
                else 0.0,
                "found": {name: _share(found_at(one, threshold)) for name, one in sets.items()},
                "false": {name: false_at(one, threshold) for name, one in sets.items()},
                "alarming": {name: alarming_at(one, threshold) for name, one in sets.items()},
            }
        )
    return {
        "rates": at_rates,
        "own_threshold": {
            name: {
                "found": _share(found_at(judged, score_threshold)),
                "found_95": _interval(judged, lambda one: found_at(one, score_threshold), seed),
                "false_a_picture": false_at(judged, score_threshold),
                "false_95": _interval(judged, lambda one: false_at(one, score_threshold), seed),
                "alarming": alarming_at(judged, score_threshold),
                "by_width": by_width(judged, score_threshold),
                "pictures": len(judged),
                "photographs": len({one.truth.photograph for one in judged}),
            }
            for name, judged in sets.items()
        },
    }


def by_width(judged: Sequence[Judged], threshold: float) -> list[dict[str, Any]]:
    """Share of the crack length found in each class of crack width."""
    width = np.concatenate([one.truth.width_px for one in judged])
    found = np.concatenate([one.reached for one in judged]) >= threshold
    classes = []
    for low, high in itertools.pairwise(WIDTHS_PX):
        own = (width >= low) & (width < high)
        classes.append(
            {
                "from_px": low,
                "to_px": high if np.isfinite(high) else None,
                "length_px": int(own.sum()),
                "found": float(found[own].mean()) if own.any() else None,
            }
        )
    return classes


def points(sets: dict[str, list[Judged]]) -> dict[str, Any]:
    """The FROC curves of all sets, thinned for drawing."""
    told = {}
    for name, judged in sets.items():
        whole = curve(judged)
        kept = np.unique(np.linspace(0, len(whole.thresholds) - 1, 400).astype(int))
        told[name] = {
            "false_a_picture": whole.false_a_picture[kept].round(5).tolist(),
            "found": whole.found[kept].round(5).tolist(),
        }
    return told


def _interval(
    judged: Sequence[Judged], figure: Callable[[Sequence[Judged]], float], seed: int
) -> dict[str, Any]:
    """95 % by bootstrap over photographs (Efron 1979); says so where it is degenerate."""
    alike: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        alike[one.truth.photograph].append(one)
    groups = list(alike.values())
    if len(groups) < LEAST_PHOTOGRAPHS:
        return {"low": None, "high": None, "degenerate": f"{len(groups)} photographs"}
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWN):
        chosen = rng.integers(len(groups), size=len(groups))
        drawn.append(figure([one for at in chosen for one in groups[at]]))
    if np.isnan(drawn).all():
        return {"low": None, "high": None, "degenerate": "no cracks"}
    low, high = (float(at) for at in np.nanpercentile(drawn, (2.5, 97.5)))
    told: dict[str, Any] = {"low": low, "high": high}
    if low == high:
        told["degenerate"] = "equal in all bootstrap samples"
    return told


def _share(value: float) -> float | None:
    return None if np.isnan(value) else value
