"""The four charts of an evaluation as SVG: ROC, precision-recall, reliability, scores."""

import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape
from math import ceil, log10, sqrt

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter
from numpy.typing import NDArray

from crackscan.train.evaluate.metrics import Bin, Curve, Working
from crackscan.train.evaluate.palette import ACCENT, CLEAR, CRACK, GRID, INK, MUTED

Point = tuple[float, float]
Bounds = tuple[float, float, float, float]
"""Left, bottom, width and height as shares of the axes."""


@dataclass(frozen=True)
class ChartStyle:
    """Sizes of a chart and when it is enlarged."""

    width_in: float = 4.2
    height_in: float = 3.3
    panel_height_in: float = 3.64
    """Of a chart with a title of two lines."""
    enlarge_above: float = 0.97
    """Area under a curve from which it runs so close to the corner that the corner is enlarged."""
    corner: float = 0.05
    """Side of the corner that is enlarged."""
    score_bins: int = 40


STYLE = ChartStyle()


def draw_roc(curve: Curve, area_under: float, here: Working) -> str:
    """Recall over the false-alarm rate; the corner is enlarged when the curve runs close to it.

    Args:
        curve: false-alarm rates and recalls of all thresholds.
        area_under: AUROC.
        here: the threshold in use.
    """

    def draw(axes: Axes) -> None:
        spot = (here.false_alarm_rate, here.recall)
        _label_shares(axes, "false alarms: share of the crack-free", "recall: share of the cracks")
        axes.plot((0, 1), (0, 1), "--", color=MUTED, lw=1)
        rates = np.linspace(0, 1, 101)
        axes.fill_between(rates, np.interp(rates, curve.x, curve.y), color=ACCENT, alpha=0.07, lw=0)
        _draw_curve(axes, curve, spot)
        corner = (0.0, STYLE.corner), (1 - STYLE.corner, 1.0)
        _explain_spot(axes, curve, spot, area_under, corner, (0.42, 0.16, 0.5, 0.5))

    return _draw_chart(f"ROC curve, area {area_under:.4f}", draw)


def draw_precision_recall(curve: Curve, area_under: float, share: float, here: Working) -> str:
    """Precision over recall.

    Args:
        curve: recalls and precisions of all thresholds.
        area_under: average precision.
        share: the share of cracks, which is the precision of guessing.
        here: the threshold in use.
    """

    def draw(axes: Axes) -> None:
        spot = (here.recall, here.precision)
        _label_shares(axes, "recall: share of the cracks", "precision: share of the alarms")
        axes.axhline(share, color=MUTED, lw=1, ls="--")
        _draw_curve(axes, curve, spot)
        corner = (1 - STYLE.corner, 1.0), (1 - STYLE.corner, 1.0)
        _explain_spot(axes, curve, spot, area_under, corner, (0.16, 0.16, 0.5, 0.5))

    return _draw_chart(f"Precision-recall curve, average precision {area_under:.4f}", draw)


def draw_reliability(bins: Sequence[Bin], error: float) -> str:
    """Observed frequency over predicted probability, with 95 % intervals (Wilson 1927)."""
    return _draw_chart(
        f"Reliability diagram, expected calibration error {error:.4f}",
        lambda axes: _draw_bins(axes, bins),
    )


@dataclass(frozen=True)
class ReliabilityPanel:
    """The reliability diagram of one data set."""

    name: str
    bins: Sequence[Bin]
    error: float
    """Expected calibration error."""
    count: int
    """Patches."""


def draw_reliability_panels(panels: Sequence[ReliabilityPanel]) -> str:
    """Reliability diagrams, two in a row, as one SVG document."""
    columns = 2
    rows = -(-len(panels) // columns)
    with _chart_style("reliability panels"):
        size = (columns * STYLE.width_in, rows * STYLE.panel_height_in)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            _draw_bins(axes, panel.bins)
            axes.set_title(panel.name, loc="left", color=INK, fontsize=10, pad=18)
            note = f"calibration error {panel.error:.3f}, {panel.count:,} patches"
            axes.text(0, 1.03, note, transform=axes.transAxes, color=MUTED, fontsize=8.5)
        for axes in grid[len(panels) :]:
            axes.remove()
        return _save_svg(figure, "Reliability diagrams")


def draw_scores(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], threshold: float
) -> str:
    """Histogram of predicted probabilities, logarithmic: cracks upwards, crack-free downwards.

    Args:
        labels: (n,) 1 for a crack.
        probabilities: (n,) predicted.
        threshold: the probability from which a patch is called a crack.
    """
    edges = np.linspace(0, 1, STYLE.score_bins + 1)
    cracks, clear = (np.histogram(probabilities[labels == one], edges)[0] for one in (1, 0))
    decades = max(1, ceil(log10(max(cracks.max(), clear.max(), 1))))

    def draw(axes: Axes) -> None:
        width = 0.8 / STYLE.score_bins
        middles = (edges[:-1] + edges[1:]) / 2
        axes.bar(middles, np.log10(1 + cracks), width, color=CRACK, label="with a crack")
        axes.bar(middles, -np.log10(1 + clear), width, color=CLEAR, label="without")
        axes.axhline(0, color=INK, lw=1)
        axes.axvline(threshold, color=INK, lw=1.2, ls="--", label=f"crack from {threshold:.2f}")
        counts = [10**decade for decade in range(decades + 1)]
        heights = [log10(1 + count) for count in counts]
        names = [f"{count:,}" for count in counts]
        axes.set_yticks([*(-height for height in heights), *heights], [*names, *names])
        top = heights[-1]
        axes.set(xlim=(0, 1), ylim=(-top, top), xlabel="probability of a crack", ylabel="patches")
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8.5
        )

    return _draw_chart("Histogram of the probabilities of both classes", draw)


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share that was observed in `count` trials (Wilson 1927)."""
    z2 = 1.96**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _draw_bins(axes: Axes, bins: Sequence[Bin]) -> None:
    _label_shares(axes, "predicted probability", "share that shows a crack")
    axes.plot((0, 1), (0, 1), "--", color=MUTED, lw=1.2)
    most = max(one.count for one in bins)
    for one in bins:
        axes.plot((one.confidence,) * 2, wilson_interval(one.frequency, one.count), color=ACCENT)
        size = 5 + 7 * sqrt(one.count / most)
        axes.plot(
            one.confidence, one.frequency, "o", color=ACCENT, mec="white", ms=size, clip_on=False
        )


def _draw_curve(axes: Axes, curve: Curve, spot: Point) -> None:
    axes.plot(curve.x, curve.y, color=ACCENT, lw=2)
    axes.plot(*spot, "o", color=CRACK, mec="white", ms=8, clip_on=False, zorder=5)


def _explain_spot(
    axes: Axes,
    curve: Curve,
    spot: Point,
    area_under: float,
    corner: tuple[Point, Point],
    at: Bounds,
) -> None:
    """Name the dot: within an enlargement of the corner if the dot lies there, else beside it."""
    (left, right), (bottom, top) = corner
    inside = left <= spot[0] <= right and bottom <= spot[1] <= top
    if area_under <= STYLE.enlarge_above or not inside:
        axes.text(0.5, 0.08, "● threshold in use", transform=axes.transAxes, color=CRACK)
        return
    inset = axes.inset_axes(at, xlim=corner[0], ylim=corner[1], zorder=4)
    _draw_curve(inset, curve, spot)
    words = inset.text(0.55, 0.08, "● threshold in use", transform=inset.transAxes)
    words.set(fontsize=8, color=CRACK, ha="center")
    _mark_shares(inset, STYLE.corner / 2)
    inset.tick_params(labelsize=7.5)
    axes.indicate_inset_zoom(inset, edgecolor=MUTED)


def _label_shares(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=x_label, ylabel=y_label)
    _mark_shares(axes, 0.2)


def _mark_shares(axes: Axes, step: float) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(step))
        axis.set_major_formatter(PercentFormatter(1.0, decimals=None if step < 0.1 else 0))


def _draw_chart(title: str, draw: Callable[[Axes], None]) -> str:
    with _chart_style(title):
        figure = Figure(figsize=(STYLE.width_in, STYLE.height_in), layout="constrained")
        draw(figure.subplots())
        return _save_svg(figure, title)


def _chart_style(title: str) -> AbstractContextManager[None]:
    """Text stays text, and equal figures give equal bytes; ids are unique to the title."""
    return rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": title,
            "font.size": 9,
            "axes.edgecolor": GRID,
            "axes.labelcolor": INK,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": GRID,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.major.size": 0,
            "ytick.major.size": 0,
        }
    )


def _save_svg(figure: Figure, title: str) -> str:
    """The `<svg>` element alone, for a page or a file; screen readers read its title."""
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(text, format="svg", metadata=nothing)
    _, _, element = text.getvalue().partition("<svg ")
    return f'<svg role="img" aria-label="{escape(title)}" {element}'
