"""The ablation as one picture: what each kind of training data does to ranking and to alarms."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from crackscan.train.evaluate.palette import ACCENT, CRACK, GRID, INK, MUTED
from crackscan.train.study.runs import Result

PANELS = {
    "cracks ranked above the rest, AUROC": {
        "photographs_auroc": ("DeepCrack development photographs", CRACK, "o"),
        "rendered_auroc": ("renderings of other seeds", ACCENT, "s"),
    },
    "crack-free pictures that alarm": {
        "field_alarms": ("field photographs", CRACK, "o"),
        "look_alike_alarms": ("rendered look-alikes", ACCENT, "s"),
    },
}
TRAINED_ON = "field_alarms"
"""A figure that stages with `field_seen` have of what they learned from: drawn hollow."""


def draw_ablation(rows: Sequence[Sequence[Result]], path: Path) -> None:
    """Draw stages, the first on top, as an SVG or PNG: a mark for each seed, a line of means."""
    with rc_context({"svg.hashsalt": "crackscan"}):  # the same rows give the same bytes
        figure = Figure(figsize=(12, 1.4 + 0.5 * len(rows)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, (title, figures) in zip((left, right), PANELS.items(), strict=True):
            _draw_panel(axes, rows, title, figures)
        right.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        left.set_yticks(range(len(rows)), [runs[0]["stage"] for runs in rows], color=INK)
        left.invert_yaxis()
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_panel(
    axes: Axes,
    rows: Sequence[Sequence[Result]],
    title: str,
    figures: dict[str, tuple[str, str, str]],
) -> None:
    for name, (label, colour, mark) in figures.items():
        means = [sum(run[name] for run in runs) / len(runs) for runs in rows]
        axes.plot(means, range(len(rows)), color=colour, lw=1.4, alpha=0.5, zorder=1)
        for at, runs in enumerate(rows):
            trained_on = name == TRAINED_ON and runs[0]["field_seen"]
            axes.plot(
                [run[name] for run in runs],
                [at] * len(runs),
                mark,
                color="white" if trained_on else colour,
                mec=colour,
                mew=1.4,
                ms=8,
                gid=f"{name}-{at}",
            )
        axes.plot([], [], mark, color=colour, ms=8, label=label)
    if any(runs[0]["field_seen"] for runs in rows) and TRAINED_ON in figures:
        axes.plot([], [], "o", color="white", mec=CRACK, mew=1.4, ms=8, label="trained on these")
    axes.set_title(title, color=INK, fontsize=11.5, loc="left")
    axes.tick_params(colors=MUTED, axis="x")
    axes.tick_params(length=0, axis="y")
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.legend(frameon=False, fontsize=9, labelcolor=MUTED, loc="best")
