"""The frontier as one picture: cost against AUROC."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullLocator

from crackscan.train.evaluate.palette import ACCENT, CRACK, GRID, INK, MUTED
from crackscan.train.study.frontier import best_so_far
from crackscan.train.study.runs import Result

PANELS = {
    "photographs_auroc": "DeepCrack development photographs",
    "rendered_auroc": "renderings of other seeds",
}
BUDGETS = {"crack-s": 0.6, "crack-m": 4.0}
"""Costs that the two shipped models may have."""
NAME_WIDTH = 100.0
"""About that of the longest name, points."""
Place = tuple[float, float, str]
"""Points to the right and up from a dot, and which end of the name is there."""
_CHOICES: list[Place] = [
    (8.0 if side == "left" else -8.0, float(up), side)
    for up in (7, -7, 0, 16, -16, 27, -27)
    for side in ("right", "left")
]
"""Places of a name beside its dot; above and to the left first, where the frontier never runs."""
_BELOW: list[Place] = [
    (-dx, -dy, "left" if side == "right" else "right") for dx, dy, side in _CHOICES
]
"""The same for what lies below the frontier: below and to the right first."""
_HALO = [withStroke(linewidth=2.5, foreground="white")]
TICKS = (0.25, 0.5, 1, 2, 4, 8)


def draw_frontier(rows: Sequence[Result], path: Path) -> None:
    """Draw rows, cheapest first, as an SVG or PNG; names beside the dots, the frontier as steps."""
    with rc_context({"svg.hashsalt": "crackscan"}):  # the same rows give the same bytes
        figure = Figure(figsize=(12, 5.2), layout="constrained")
        for axes, (name, title) in zip(figure.subplots(1, 2), PANELS.items(), strict=True):
            _draw_panel(axes, rows, name, title)
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_panel(axes: Axes, rows: Sequence[Result], figure: str, title: str) -> None:
    costs = [row["cost"]["invocations"]["median"] for row in rows]
    values = [row[figure] for row in rows]
    axes.set_xscale("log")
    span = max(values) - min(values) or 0.01
    low, high = min(values) - 0.12 * span, max(values) + 0.12 * span
    axes.set_ylim(low, high)
    axes.set_xlim(min(costs) / 2, max(max(costs), TICKS[-1]) * 1.1)
    for model, budget in BUDGETS.items():
        axes.axvline(budget, color=MUTED, lw=1, ls=(0, (2, 3)), zorder=0)
        axes.text(
            budget,
            1.01,
            f"{model} ≤ {budget:g}",
            transform=axes.get_xaxis_transform(),
            color=MUTED,
            fontsize=8.5,
            ha="center",
            va="bottom",
        )
    best = best_so_far(rows, figure)
    steps = [row["cost"]["invocations"]["median"] for row in best]
    axes.step(
        [*steps, axes.get_xlim()[1]],
        [*(row[figure] for row in best), best[-1][figure]],
        where="post",
        color=ACCENT,
        lw=1.6,
        alpha=0.55,
        zorder=1,
    )
    for row, cost, value in zip(rows, costs, values, strict=True):
        on = row in best
        spread = row["cost"]["invocations"]
        axes.plot([spread["low"], spread["high"]], [value, value], color=MUTED, lw=1, zorder=1)
        axes.plot(
            cost,
            value,
            "o" if row["start"] == "ImageNet" else "s",
            color=CRACK if on else "white",
            mec=CRACK if on else MUTED,
            ms=8,
            mew=1.4,
            zorder=3,
        )
    choices = [_CHOICES if row in best else _BELOW for row in rows]
    for row, (dx, dy, side) in zip(rows, _place_names(axes, costs, values, choices), strict=True):
        axes.annotate(
            row["name"],
            (row["cost"]["invocations"]["median"], row[figure]),
            (dx, dy),
            textcoords="offset points",
            color=INK if row in best else MUTED,
            fontsize=9,
            ha=side,
            va="center",
            zorder=4,
            path_effects=_HALO,
            gid=f"{figure}-{row['name']}",
        )
    axes.set_title(title, color=INK, fontsize=11.5, loc="left", pad=20)
    axes.set_xlabel("cost of a 640x480 frame, in MobileNetV2 patches (int8, one thread)", color=INK)
    axes.set_ylabel("AUROC, int8", color=INK)
    axes.set_xticks(TICKS)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(colors=MUTED)
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    shapes = {"o": "starts from ImageNet", "s": "starts from nothing"}
    for shape, label in shapes.items():
        axes.plot([], [], shape, color="white", mec=MUTED, mew=1.4, ms=8, label=label)
    axes.legend(frameon=False, fontsize=9, labelcolor=MUTED, loc="lower right")


def _place_names(
    axes: Axes,
    costs: Sequence[float],
    values: Sequence[float],
    choices: Sequence[Sequence[Place]],
) -> list[Place]:
    """Where each name goes, in points from its dot: first to where nothing else is."""
    axes.figure.canvas.draw_idle()
    scale = 72 / axes.figure.dpi
    dots = axes.transData.transform(list(zip(costs, values, strict=True))) * scale
    taken: list[tuple[float, float, float, float]] = [
        (x - 5, y - 5, x + 5, y + 5) for x, y in dots.tolist()
    ]
    found = []
    for (x, y), places in zip(dots.tolist(), choices, strict=True):
        free = [
            place
            for place in places
            if not any(_bounds_overlap(_name_bounds(x, y, place), o) for o in taken)
        ]
        place = (free or places)[0]
        taken.append(_name_bounds(x, y, place))
        found.append(place)
    return found


def _name_bounds(x: float, y: float, place: Place) -> tuple[float, float, float, float]:
    """About what a name takes: left, bottom, right, top."""
    dx, dy, side = place
    left = x + dx - (NAME_WIDTH if side == "right" else 0)
    return left, y + dy - 5, left + NAME_WIDTH, y + dy + 5


def _bounds_overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
