"""The comparison as a table and as a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackscan.benchmarks.contenders import OURS
from crackscan.benchmarks.peers.measure import Times
from crackscan.train.evaluate.palette import ACCENT, GRID, INK, MUTED

Labels = Mapping[str, str]


def format_markdown(
    times: Sequence[Times],
    labels: Labels,
    auroc: Mapping[str, float],
    left_out: Mapping[str, str],
    about: str,
) -> str:
    """One table for each number of threads, then who is missing and why.

    Args:
        about: how and on what it was measured, in Markdown.
    """
    lines = [about.rstrip(), ""]
    for threads in sorted({one.threads for one in times}):
        own = [one for one in times if one.threads == threads]
        sizes = sorted({(one.width, one.height) for one in own})
        names = list(dict.fromkeys(one.contender for one in own))
        head = [f"{threads} thread{'s' * (threads > 1)}"]
        for width, height in sizes:
            head += [f"{width}x{height}: frames/s", "ms (quartiles)", "times ours", "peak MB"]
        lines += [f"| {' | '.join([*head, 'AUROC'])} |", "|---" * (len(head) + 1) + "|"]
        by_place = {(one.contender, one.width, one.height): one for one in own}
        for name in names:
            cells = [labels[name]]
            for size in sizes:
                cells += _format_cells(by_place.get((name, *size)))
            cells.append(f"{auroc[name]:.3f}" if name in auroc else "–")
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if left_out:
        lines += ["Not measured:", ""]
        lines += [f"- {labels[name]}: {reason}" for name, reason in left_out.items()]
    return "\n".join(lines).rstrip() + "\n"


def draw_rates(times: Sequence[Times], labels: Labels, file: Path) -> None:
    """Frames a second of every contender as an SVG: a panel a size, a mark a number of threads."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    sizes = sorted({(one.width, one.height) for one in times})
    names = list(dict.fromkeys(one.contender for one in times))
    with rc_context({"svg.hashsalt": "crackscan", "font.size": 9}):
        figure = Figure(
            figsize=(4 + 3.2 * len(sizes), 1.3 + 0.34 * len(names)), layout="constrained"
        )
        panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
        for axes, size in zip(panels, sizes, strict=True):
            for one in times:
                if (one.width, one.height) != size:
                    continue
                place = names.index(one.contender) + (0.16 if one.threads > 1 else -0.16)
                rates = [1000 / one.frame_ms.high, 1000 / one.frame_ms.low]
                colour = ACCENT if one.contender == OURS else INK
                filled = colour if one.threads == 1 else "white"
                axes.plot(rates, [place] * 2, color=colour, lw=1.4, zorder=2)
                axes.plot(one.frames_per_s, place, "o", ms=5, color=colour, mfc=filled, zorder=3)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_title(f"{size[0]}x{size[1]}")
            axes.set_xlabel("frames a second")
            axes.grid(axis="x", color=GRID)
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_yticks(range(len(names)), [labels[name] for name in names])
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        figure.supxlabel(_draw_legend(times), color=MUTED, fontsize=8)
        figure.savefig(file, metadata={"Date": None})


def _draw_legend(times: Sequence[Times]) -> str:
    counts = sorted({one.threads for one in times})
    marks = {1: "filled: 1 thread"} | {n: f"open: {n} threads" for n in counts if n > 1}
    return ", ".join([*(marks[n] for n in counts), "lines: quartiles"])


def _format_cells(one: Times | None) -> list[str]:
    if one is None:
        return ["–"] * 4
    spread = one.frame_ms
    ratio = "–" if one.times_ours is None else f"{one.times_ours.median:.3g}"
    return [
        f"{one.frames_per_s:.3g}",
        f"{spread.median:.3g} ({spread.low:.3g}–{spread.high:.3g})",
        ratio,
        f"{one.peak_mb:.0f}",
    ]


def times_as_json(one: Times) -> dict[str, Any]:
    """For JSON."""
    return {
        **asdict(one),
        "frames_per_s": one.frames_per_s,
        "patches_per_s": one.patches_per_s,
    }
