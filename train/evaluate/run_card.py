"""The card of a network that is not quantized yet: `card.json` beside it, or a plain one."""

from pathlib import Path

from crackscan.core.cells import CELL_PX
from crackscan.core.errors import ModelError
from crackscan.core.model_card import DEFAULT_POINT, MEMBER, Card, OperatingPoint, Pooling

POOLED_CELLS = 4


def run_card(model: Path) -> tuple[Card, str]:
    """The card beside a `.keras` file, and where it was read.

    The plain card, for a network without one, pools 4 cells and has temperature 1 and
    thresholds 0.5.

    Raises:
        ModelError: `card.json` is broken.
    """
    file = model.with_name(MEMBER)
    if not file.is_file():
        return _plain_name(model.stem), "none, so the defaults"
    try:
        return Card.from_json(file.read_bytes()), file.name
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} is a broken card: {error!r}") from error


def _plain_name(name: str) -> Card:
    return Card(
        name=name,
        version="0",
        backbone="unknown",
        cell_px=CELL_PX,
        patch_px=0,
        margin_px=0,
        pooling=Pooling(POOLED_CELLS),
        temperature=1.0,
        operating_points={DEFAULT_POINT: OperatingPoint(0.5, 0.5, "not calibrated")},
        scale="unknown",
    )
