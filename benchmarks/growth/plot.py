"""Curves of growth as a table and as a plot."""

from collections.abc import Sequence
from pathlib import Path

from crackscan.benchmarks.growth.values import Point
from crackscan.train.evaluate.palette import ACCENT, GRID, MUTED


def format_table(points: Sequence[Point]) -> str:
    """All points in Markdown."""
    lines = ["| what | size | median | 99th percentile | |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.curve} | {one.size:,} | {one.median:.3g} | {one.late:.3g} | {one.unit} |"
        for one in points
    ]
    return "\n".join(lines) + "\n"


def draw_growth(points: Sequence[Point], file: Path) -> None:
    """A panel a curve, as an SVG: the median, and a thin line for the 99th percentile."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    curves = list(dict.fromkeys(one.curve for one in points))
    columns = min(len(curves), 4)
    rows = -(-len(curves) // columns)
    with rc_context({"svg.hashsalt": "crackscan", "font.size": 8}):
        figure = Figure(figsize=(3.4 * columns, 2.8 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, curve in zip(panels, curves, strict=False):
            own = [one for one in points if one.curve == curve]
            sizes = [one.size for one in own]
            axes.plot(sizes, [one.late for one in own], color=MUTED, lw=0.8)
            axes.plot(sizes, [one.median for one in own], "o-", color=ACCENT, lw=1.4, ms=3)
            least, most = min(one.median for one in own), max(one.late for one in own)
            if min(sizes) > 0 and max(sizes) > 50 * min(sizes):
                axes.set_xscale("log")
            if axes.get_xscale() == "log" and most > 50 * least:
                axes.set_yscale("log")  # what grows as the size does is a straight line then, too
            else:
                axes.set_ylim(0, 1.1 * most)
            axes.set_title(curve, fontsize=8)
            axes.set_ylabel(own[0].unit)
            axes.grid(color=GRID)
            axes.spines[["top", "right"]].set_visible(False)
        for axes in panels[len(curves) :]:
            axes.set_axis_off()
        figure.savefig(file, metadata={"Date": None})
