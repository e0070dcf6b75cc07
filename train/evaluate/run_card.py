"""The card of a network that is not quantized yet: what its run folder says of it."""

import json
from pathlib import Path

from crackscan.card import DEFAULT_POINT, MEMBER, Card, OperatingPoint, Pooling
from crackscan.errors import ModelError

CELL_PX = 16
POOLED_CELLS = 4
SETTINGS, POOLED = "settings.json", "pooled_cells"


def run_card(model: Path) -> tuple[Card, str]:
    """The card of a `.keras` file and where it was read: `card.json` beside it, or a plain one.

    The plain card has temperature 1 and thresholds 0.5; it pools as many cells as the run's
    `settings.json` names, or 4.

    Raises:
        ModelError: `card.json` or `settings.json` is broken.
    """
    for file, read in ((model.with_name(MEMBER), _card), (model.with_name(SETTINGS), _plain)):
        if file.is_file():
            try:
                return read(model, file.read_text(encoding="utf-8")), file.name
            except (ValueError, KeyError, TypeError) as error:
                raise ModelError(f"{file} is broken: {error}") from error
    return _plain(model, "{}"), "none, the defaults"


def _card(model: Path, text: str) -> Card:  # noqa: ARG001
    return Card.from_json(text)


def _plain(model: Path, text: str) -> Card:
    settings = json.loads(text)
    return Card(
        name=model.absolute().parent.name if settings else model.stem,
        version="0",
        backbone=str(settings.get("backbone", "unknown")),
        cell_px=CELL_PX,
        patch_px=int(settings.get("size_px", 0)),
        margin_px=0,
        pooling=Pooling(int(settings.get(POOLED, POOLED_CELLS))),
        temperature=1.0,
        operating_points={DEFAULT_POINT: OperatingPoint(0.5, 0.5, "uncalibrated")},
        scale="as its training data",
    )
