"""Gathers everything measured into one JSON-ready document: the content of `evaluation.json`."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.core.dataset.selection import CAUTIONS, PatchReader, PatchSelection
from crackscan.core.model_card import Card
from crackscan.train.evaluate import bootstrap, metrics
from crackscan.train.evaluate.cells import MIN_CRACK_PIXELS, CellCounts
from crackscan.train.evaluate.measure import Measured, Mistake
from crackscan.train.evaluate.predict import Scorer

SCHEMA = 1
SEED = 0
FALSE_ALARM_RATES = (0.001, 0.01, 0.05)

Document = dict[str, Any]


def describe_model(path: Path, scorer: Scorer) -> Document:
    """Name, size, hash and contract of the model that was measured."""
    data, card = path.read_bytes(), scorer.card
    return {
        "name": card.name,
        "version": card.version,
        "file": path.name,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "runtime": scorer.runtime,
        "card_from": scorer.card_from,
        "cell_px": card.cell_px,
        "pooling": asdict(card.pooling),
        "temperature": card.temperature,
        "operating_points": {name: asdict(each) for name, each in card.operating_points.items()},
    }


def describe_data(judged: PatchSelection, reader: PatchReader, measured: Measured) -> Document:
    """What was judged, with its counts, and why the figures may flatter."""
    patches, cracks = len(measured.labels), int(measured.labels.sum())
    return {
        "name": judged.name,
        "root": str(judged.root),
        "side": judged.side,
        "split": judged.split,
        "caution": CAUTIONS[judged.side],
        "protocol": judged.protocol,
        "pictures": len(judged.items) - len(reader.skipped),
        "patches": patches,
        "cracks": cracks,
        "crack_free": patches - cracks,
        "left_out": reader.whole_patches - patches if judged.masks else 0,
        "skipped": [{"path": path, "reason": why} for path, why in reader.skipped.items()],
    }


def report_patches(measured: Measured, card: Card, point: str) -> Document:
    """All patch figures; verdicts at the patch threshold of the operating point `point`."""
    labels, logits, probabilities = measured.labels, measured.logits, measured.probabilities
    verdicts = probabilities >= card.operating_point(point).patch
    counts = metrics.count_confusion(labels, verdicts)
    bins = metrics.reliability_bins(labels, probabilities)
    return {
        "auroc": metrics.auroc(labels, logits),
        "auroc_95": asdict(bootstrap.auroc_interval(labels, logits, measured.units, SEED)),
        "average_precision": metrics.average_precision(labels, logits),
        "f1": counts.f1,
        "f1_95": asdict(bootstrap.f1_interval(labels, verdicts, measured.units, SEED)),
        "precision": counts.precision,
        "recall": counts.recall,
        "false_alarm_rate": counts.false_alarm_rate,
        "accuracy": counts.accuracy,
        "brier": metrics.brier_score(labels, probabilities),
        "ece": metrics.expected_calibration_error(bins),
        "confusion": asdict(counts),
        "report": [asdict(row) for row in metrics.classification_report(labels, verdicts)],
        "reliability": [asdict(each) for each in bins],
        "operating_points": {
            name: asdict(metrics.working_point(labels, probabilities, thresholds.patch))
            for name, thresholds in card.operating_points.items()
        },
        "best_f1": asdict(metrics.best_f1(labels, probabilities)),
        "at_false_alarm_rate": {
            str(rate): asdict(metrics.at_false_alarm_rate(labels, probabilities, rate))
            for rate in FALSE_ALARM_RATES
        },
        "bootstrap": {
            "draws": bootstrap.DRAWS,
            "seed": SEED,
            "units": len(set(measured.units)),
        },
    }


def report_cells(totals: Mapping[str, CellCounts], card: Card, photographs: int) -> Document:
    """The cell figures at each operating point."""
    any_point = next(iter(totals.values()))
    return {
        "photographs": photographs,
        "cells": any_point.cells,
        "cracks": any_point.cracks,
        "min_crack_pixels": MIN_CRACK_PIXELS,
        "operating_points": {
            name: {
                "threshold": card.operating_point(name).cell,
                "precision": counts.precision,
                "recall": counts.recall,
                "f1": counts.f1,
                "predicted": counts.predicted,
                "right": counts.right,
                "found": counts.found,
            }
            for name, counts in totals.items()
        },
    }


def assemble_document(
    *,
    model: Document,
    data: Document,
    measured: Measured,
    point: str,
    patch: Document,
    cells: Document | None,
) -> Document:
    """The whole document, in the order in which one reads it."""
    return {
        "schema": SCHEMA,
        "crackscan": __version__,
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": "",
        "seconds": 0.0,
        "model": model,
        "data": data,
        "operating_point": {"name": point, **model["operating_points"][point]},
        "patch": patch,
        "cells": cells,
        "worst": {
            "missed": _list_mistakes(measured.missed),
            "false_alarms": _list_mistakes(measured.false_alarms),
        },
    }


def _list_mistakes(mistakes: tuple[Mistake, ...]) -> list[Document]:
    return [{"name": each.name, "probability": each.probability} for each in mistakes]
