"""Accuracy and loss over the epochs, as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

TRAINING, VALIDATION = "#8a94a6", "#c2410c"


def draw_curves(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw patch accuracy and total loss, training and validation, and mark the best epoch."""
    epochs = [row["epoch"] for row in rows]
    best = max(rows, key=lambda row: row["score"])["epoch"]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, name, title in zip(
        figure.subplots(1, 2),
        ("patch_accuracy", "loss"),
        ("Accuracy of patches", "Loss"),
        strict=True,
    ):
        for series, colour, label in (
            (name, TRAINING, "training"),
            (f"val_{name}", VALIDATION, "validation"),
        ):
            axes.plot(epochs, [row[series] for row in rows], "o-", ms=3, color=colour, label=label)
        axes.axvline(best, color="#d4d4d8", lw=6, zorder=0, label=f"kept: epoch {best:.0f}")
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.savefig(path, dpi=110)
