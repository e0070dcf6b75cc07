"""The errors of measured widths as tables and as a drawing."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crackscan.convert.width_figures import Compared, WidthFigures, summarize_widths

if TYPE_CHECKING:
    from rich.table import Table

EDGES: dict[str, tuple[float, ...]] = {
    "width px": (0, 1.25, 1.75, 2.5, 3.5, 5, 7, 10, 16, 26, math.inf),
    "blur px": (0, 0.75, 1.25, 1.75, math.inf),
    "angle °": (0, 15, 30, 45, 60, 75, 90.1),
}
"""Class limits: true mean width; and, of renderings, blur and angle from the horizontal."""
COLUMNS: tuple[tuple[str, Callable[[WidthFigures], str]], ...] = (
    ("cracks", lambda f: str(f.cracks)),
    ("measurable", lambda f: f"{f.measurable:.0%}"),
    ("|error|", lambda f: f"{f.median_error:.2f}"),
    ("bias", lambda f: f"{f.bias:+.2f}"),
    ("±", lambda f: f"{f.uncertainty:.2f}"),
    ("in ±", lambda f: f"{f.coverage:.0%}"),
    ("mean |error|", lambda f: f"{f.mean_error:.2f}"),
    ("mean bias", lambda f: f"{f.mean_bias:+.2f}"),
    ("1 px or 15 %", lambda f: f"{f.mean_within:.0%}"),
    ("length", lambda f: f"{f.length_ratio:.2f}"),
    ("astray", lambda f: f"{f.astray:.1%}"),
    ("ms", lambda f: f"{1000 * f.seconds:.0f}"),
    ("ms / 30 cells", lambda f: f"{1000 * f.seconds_30_cells:.0f}"),
)


def by_class(cracks: Sequence[Compared]) -> dict[str, dict[str, WidthFigures]]:
    """The figures of each class of width, blur and angle that has cracks."""
    found: dict[str, dict[str, WidthFigures]] = {}
    for name, edges in EDGES.items():
        values = _class_values(cracks, name)
        rows = {}
        for low, high in pairwise(edges):
            inside = [
                crack for crack, value in zip(cracks, values, strict=True) if low <= value < high
            ]
            if inside:
                rows[f"{low:g} to {high:g}"] = summarize_widths(inside)
        if rows:
            found[name] = rows
    return found


def _class_values(cracks: Sequence[Compared], name: str) -> list[float]:
    """What each crack is classed by; NaN, in no class, where that is not known."""
    if name == "width px":
        return [crack.true_mean_px for crack in cracks]
    settings = [crack.setting for crack in cracks]
    if name == "blur px":
        return [setting.blur_px if setting else math.nan for setting in settings]
    angles = [math.degrees(setting.angle_rad) if setting else math.nan for setting in settings]
    return [min(angle, 180 - angle) for angle in angles]


def table_of_widths(total: WidthFigures, groups: dict[str, dict[str, WidthFigures]]) -> "Table":
    """One table with a section for each way to class the cracks."""
    from rich.table import Table

    table = Table(title="Widths, px")
    table.add_column(no_wrap=True)
    for heading, _ in COLUMNS:
        table.add_column(heading, justify="right")
    for name, rows in groups.items():
        for label, found in rows.items():
            table.add_row(
                f"{name} {label}", *(format_column(found) for _, format_column in COLUMNS)
            )
        table.add_section()
    table.add_row("all", *(format_column(total) for _, format_column in COLUMNS))
    return table


def draw_errors(cracks: Sequence[Compared], path: Path) -> None:
    """Draw the errors of all points against width, blur and angle: median, quarters, 5 to 95 %."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in EDGES if np.isfinite(_class_values(cracks, name)).any()]
    drawing, panels = pyplot.subplots(1, len(names), figsize=(5 * len(names), 4), squeeze=False)
    for panel, name in zip(panels[0], names, strict=True):
        values, edges = _class_values(cracks, name), EDGES[name]
        labels, errors, uncertain = [], [], []
        for low, high in pairwise(edges):
            inside = [c for c, v in zip(cracks, values, strict=True) if low <= v < high]
            error, uncertainty = _relative_errors(inside)
            if len(error):
                labels.append(f"{low:g}–{high:g}" if high < math.inf else f"≥ {low:g}")
                errors.append(error)
                uncertain.append(float(np.median(uncertainty)))
        at = np.arange(len(labels))
        for sign in (-1, 1):
            label = "median 90 % half-width" if sign > 0 else None
            panel.plot(at, sign * np.array(uncertain), "_", color="tab:red", ms=18, label=label)
        panel.boxplot(errors, positions=at, whis=(5, 95), showfliers=False, widths=0.5)
        panel.axhline(0, color="0.7", lw=0.8, zorder=0)
        panel.set_xticks(at, labels, fontsize=7)
        panel.set_xlabel(name)
    panels[0, 0].set_ylabel("measured - true width, px")
    panels[0, 0].legend(fontsize=7, loc="upper left")
    drawing.tight_layout()
    drawing.savefig(path, dpi=150)
    pyplot.close(drawing)


def _relative_errors(cracks: Sequence[Compared]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not cracks:
        return np.zeros(0), np.zeros(0)
    error = np.concatenate([c.measured_px - c.true_px for c in cracks])
    uncertainty = np.concatenate([c.uncertainty_px for c in cracks])
    return error[np.isfinite(error)], uncertainty[np.isfinite(error)]
