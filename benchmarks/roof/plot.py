"""The roofline (Williams et al. 2009): what each layer reaches, under what the core allows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crackscan.benchmarks.roof.rate import Rate
from crackscan.train.evaluate.palette import ACCENT, CRACK, GRID, INK, MUTED

SHAPES = {"CONV_2D": ("o", ACCENT), "DEPTHWISE_CONV_2D": ("v", CRACK)}
"""Mark and colour of a kind of layer; a whole network is a black square."""


def draw_roofline(
    found: Mapping[str, Sequence[Rate]], peak: float, copied: float, file: Path
) -> None:
    """A panel a model: multiply-adds a second over multiply-adds per byte moved.

    Args:
        peak: multiply-adds a second of the best convolution.
        copied: bytes a second of a copy within the cache.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "crackscan", "font.size": 8}):
        figure = Figure(figsize=(4.2 * len(found), 3.4), layout="constrained")
        panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for axes, (model, rows) in zip(panels, found.items(), strict=True):
            reach = (0.5, 400.0)
            bend = peak / copied
            roof = [min(peak, x * copied) / 1e9 for x in (reach[0], bend, reach[1])]
            axes.plot((reach[0], bend, reach[1]), roof, color=INK, lw=1.2)
            for kind, (mark, colour) in SHAPES.items():
                own = [one for one in rows if one.name == kind]
                axes.plot(
                    [one.macs / one.bytes for one in own],
                    [one.gmacs for one in own],
                    mark, color=colour, ms=4, ls="", label=kind.lower(), alpha=0.8,
                )  # fmt: skip
            whole = next(one for one in rows if one.name == "whole network")
            axes.plot(
                whole.macs / whole.bytes, whole.gmacs, "s", color=INK, ms=6,
                label=f"whole: {whole.of_best:.0%} of the best",
            )  # fmt: skip
            axes.set(xscale="log", yscale="log", xlim=reach, title=model)
            axes.set_xlabel("multiply-adds per byte moved", color=MUTED)
            axes.grid(color=GRID)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, loc="lower right")
        panels[0].set_ylabel("GMAC/s")
        figure.savefig(file, metadata={"Date": None})
