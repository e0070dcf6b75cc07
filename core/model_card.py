"""The card: a model's description of itself, a zip member at the end of its `.tflite`."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from crackscan.core.errors import ModelError

MEMBER = "card.json"
DEFAULT_POINT = "default"


@dataclass(frozen=True)
class OperatingPoint:
    """A pair of thresholds chosen for one false-alarm rate on development data."""

    patch: float
    """A patch of at least this patch probability is cracked."""
    cell: float
    """A cell of at least this cell probability is cracked."""
    meaning: str = ""
    """Its purpose, and how it was chosen."""
    joined: float | None = None
    """Cells of at least this probability belong to a component that has one of `cell`; None, as on
    cards of version 1: only those of `cell` do."""
    finding: float | None = None
    """A component of at least this score is a finding; None, as on cards of version 1: `patch`."""

    @property
    def finding_threshold(self) -> float:
        """The score from which on a component is a finding."""
        return self.patch if self.finding is None else self.finding


@dataclass(frozen=True)
class Pooling:
    """How the cells of a patch become one patch logit: the mean of its `k` largest cell logits."""

    k: int
    kind: str = "top-k mean"


@dataclass(frozen=True)
class DataSource:
    """One data set that trained the model."""

    name: str
    source: str
    licence: str
    count: int
    sha256: str
    """Hash over the sorted list of (name, content hash) of the files used."""


@dataclass(frozen=True)
class Card:
    """A model's self-description (JSON in the file of its weights)."""

    name: str
    version: str
    backbone: str
    cell_px: int
    """Side of the square of the picture that one cell of the crack map covers, px."""
    patch_px: int
    """Side of the patches that it was trained on, px."""
    margin_px: int
    """How far outside a cell the picture can change its value, px (receptive field)."""
    pooling: Pooling
    temperature: float
    """Cell and patch logits are divided by it before the sigmoid (Guo et al. 2017)."""
    operating_points: Mapping[str, OperatingPoint]
    scale: str
    """The scale of the pictures that it was trained for, in words."""
    training_data: tuple[DataSource, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Measured figures, each with its data set, split and count."""
    made_by: str = ""
    """The command that made it."""
    card_version: int = 1
    """2 for cards that state how components become findings."""
    finding_cells: int | None = None
    """A component's score is the mean logit of this many strongest cells; None: `pooling.k`."""
    gap_cells: int = 0
    """Components with this many cells between them are one crack: 0 or 1."""

    @property
    def threshold(self) -> float:
        """Patch threshold of the default operating point."""
        return self.operating_points[DEFAULT_POINT].patch

    def operating_point(self, name: str = DEFAULT_POINT) -> OperatingPoint:
        """The operating point of that name.

        Raises:
            ModelError: the model has no operating point of that name.
        """
        if name not in self.operating_points:
            known = ", ".join(self.operating_points)
            raise ModelError(f"{self.name} has no operating point {name!r}; it has: {known}")
        return self.operating_points[name]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Card":
        """Parse a card. Raises ValueError, KeyError or TypeError if the text is not a card."""
        values: Any = json.loads(text)
        if not isinstance(values, dict):
            raise TypeError("a card is a JSON object")
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        values["pooling"] = Pooling(**values["pooling"])
        values["operating_points"] = {
            name: OperatingPoint(**point) for name, point in values["operating_points"].items()
        }
        values["training_data"] = tuple(DataSource(**one) for one in values["training_data"])
        card = cls(**values)
        if DEFAULT_POINT not in card.operating_points:
            raise ValueError(f"no {DEFAULT_POINT!r} operating point")
        if card.cell_px < 1 or card.temperature <= 0 or card.pooling.k < 1:
            raise ValueError("cell_px, temperature and pooling.k must be positive")
        if card.gap_cells not in (0, 1) or card.finding_cells == 0:
            raise ValueError("gap_cells must be 0 or 1, finding_cells positive")
        return card


def read_card(path: Path) -> Card:
    """Read the card at the end of a `.tflite`.

    Raises:
        ModelError: the file has no card, or a broken one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(MEMBER)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(
            f"{path} carries no crackscan card, or was cut short;"
            " copy it again, or make it with: crackscan-convert quantize"
        ) from error
    try:
        return Card.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} carries a broken card: {error}") from error


def append_card(model: bytes, card: Card, path: Path) -> None:
    """Write a TFLite flatbuffer and its card as one file.

    The card follows the flatbuffer as a zip archive, as TFLite's associated files do, so that any
    interpreter still loads the file. A card that the bytes already carry is not removed.
    """
    path.write_bytes(model)
    with zipfile.ZipFile(path, "a") as archive:
        # A fixed time stamp: the same model and card give the same file.
        archive.writestr(zipfile.ZipInfo(MEMBER, (1980, 1, 1, 0, 0, 0)), card.to_json())


def replace_card(path: Path, card: Card) -> None:
    """Give a `.tflite` another card; the file is whole at any time.

    Raises:
        ModelError: the file has no card.
    """
    read_card(path)
    with zipfile.ZipFile(path) as archive:
        end = min(one.header_offset for one in archive.infolist())
    changed = path.with_suffix(".part")
    append_card(path.read_bytes()[:end], card, changed)
    changed.replace(path)
