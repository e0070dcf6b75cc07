"""A contact sheet: what a model finds, what it misses, and what it takes for a crack."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from crackscan.core.model_card import Card
from crackscan.core.pooling import sigmoid
from crackscan.train.evaluate.measure import Measured, Mistake
from crackscan.train.evaluate.model_page.sets import JudgedSet
from crackscan.train.evaluate.palette import CRACK, INK, MUTED
from crackscan.train.evaluate.predict import Scorer, score_pictures

TILES = 4
"""Pictures of each kind in a row."""
TILE_IN = 1.15
GROUPS = ("found", "missed", "false alarms")
DPI = 120


@dataclass(frozen=True)
class Row:
    """One set on the sheet."""

    name: str
    """Empty where the row goes on with the set of the row above."""
    found: tuple[Mistake, ...]
    """Cracked patches that alarm, from the least sure to the surest."""
    missed: tuple[Mistake, ...]
    false_alarms: tuple[Mistake, ...]
    counts: tuple[int, int, int]

    @property
    def names(self) -> list[str]:
        """All pictures that it shows."""
        return [one.name for one in (*self.found, *self.missed, *self.false_alarms)]


def rows_of(
    judged: JudgedSet, measured: Measured, scorer: Scorer, threshold: float, lines: int = 1
) -> list[Row]:
    """The surest mistakes, and hits spread evenly over their probabilities, in `lines` rows."""
    tiles = lines * TILES
    alarms = measured.probabilities >= threshold
    hits = np.flatnonzero(alarms & (measured.labels == 1))
    hits = hits[np.argsort(measured.probabilities[hits])]
    if len(hits) > tiles:
        hits = hits[np.linspace(0, len(hits) - 1, tiles).round().astype(int)]
    stated = {measured.names[at]: float(measured.probabilities[at]) for at in hits}
    wanted = ((label.name, rgb) for label, rgb in judged.read() if label.name in stated)
    found = {
        name: Mistake(name, stated[name], rgb, logits)
        for name, rgb, logits in score_pictures(scorer, wanted)
    }
    counts = (
        int((alarms & (measured.labels == 1)).sum()),
        int((~alarms & (measured.labels == 1)).sum()),
        int((alarms & (measured.labels == 0)).sum()),
    )
    hit = [found[name] for name in stated]
    return [
        Row(
            "" if start else judged.name,
            tuple(hit[start : start + TILES]),
            measured.missed[start : start + TILES],
            measured.false_alarms[start : start + TILES],
            counts,
        )
        for start in range(0, tiles, TILES)
    ]


def draw_sheet(rows: Sequence[Row], card: Card, point: str, credit: str, path: Path) -> None:
    """Draw the rows; cells at or above the cell threshold of `point` are framed. JPEG or PNG."""
    columns = len(GROUPS) * TILES + len(GROUPS) - 1
    width = columns * TILE_IN - (len(GROUPS) - 1) * 0.8 * TILE_IN
    figure = Figure(figsize=(width, len(rows) * (TILE_IN + 0.45) + 0.4))
    ratios = [0.2 if at % (TILES + 1) == TILES else 1.0 for at in range(columns)]
    places = figure.add_gridspec(
        len(rows),
        columns,
        width_ratios=ratios,
        left=0.01,
        right=0.99,
        top=1 - 0.3 / figure.get_figheight(),
        bottom=0.42 / figure.get_figheight(),
        wspace=0.06,
        hspace=0.42,
    )
    for at, row in enumerate(rows):
        groups = (row.found, row.missed, row.false_alarms)
        for number, (group, count) in enumerate(zip(groups, row.counts, strict=True)):
            for tile in range(TILES):
                axes = figure.add_subplot(places[at, number * (TILES + 1) + tile])
                axes.set_xticks([])
                axes.set_yticks([])
                axes.spines[:].set_visible(False)
                if tile == 0 and row.name:
                    title = f"{row.name}: {count:,} {GROUPS[number]}"
                    title = title if number == 0 else f"{count:,} {GROUPS[number]}"
                    axes.annotate(
                        title, (0, 1), (0, 5), xycoords="axes fraction",
                        textcoords="offset points", fontsize=9.5, color=INK,
                    )  # fmt: skip
                if tile < len(group):
                    _draw_tile(axes, group[tile], card, card.operating_point(point).cell)
    figure.text(0.01, 0.012, credit, fontsize=7.5, color=MUTED, va="bottom")
    figure.savefig(path, dpi=DPI, facecolor="white", pil_kwargs={"quality": 86})


def _draw_tile(axes: Axes, one: Mistake, card: Card, threshold: float) -> None:
    height, width = one.rgb.shape[:2]
    axes.imshow(one.rgb, aspect="auto")
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    for row, col in np.argwhere(sigmoid(one.logits / np.float32(card.temperature)) >= threshold):
        corner = (col * card.cell_px - 0.5, row * card.cell_px - 0.5)
        side = card.cell_px
        frame = Rectangle(corner, side, side, fill=False, ec=CRACK, lw=0.7)
        axes.add_patch(frame)
    axes.set_xlabel(f"{one.probability:.2f}", fontsize=8, color=MUTED, labelpad=2)
