"""The four figures of the page as SVG: ROC, precision-recall, reliability, scores."""

from collections.abc import Iterable
from math import ceil, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from crackscan.train.evaluate.metrics import Bin, Curve, Working
from crackscan.train.evaluate.svg import (
    ACCENT,
    CLEAR,
    CRACK,
    GRID,
    INK,
    MUTED,
    Axes,
    Point,
    area,
    box,
    dot,
    grid,
    line,
    path,
    picture,
    text,
    ticks,
)

ENLARGE_ABOVE = 0.97
CORNER = 0.05
SCORE_BINS = 40


def roc_figure(curve: Curve, area_under: float, here: Working) -> str:
    """Recall over false-alarm rate; the corner is enlarged when the curve hugs it."""
    axes = Axes()
    spot = (here.false_alarm_rate, here.recall)
    parts = [
        grid(
            axes,
            ticks(axes.x, 0.2, percent=True),
            ticks(axes.y, 0.2, percent=True),
            "false alarms: share of the crack-free called a crack",
            "recall: share of the cracks found",
        ),
        line((axes.px(0), axes.py(0)), (axes.px(1), axes.py(1)), MUTED, 1, "3 4"),
        *_curve(axes, curve, spot, baseline=True),
    ]
    inset = Axes(194, 104, 182, 138, (0, CORNER), (1 - CORNER, 1))
    if area_under > ENLARGE_ABOVE and _inside(inset, spot):
        parts += _enlarged(inset, axes, curve, spot)
    else:
        parts.append(_legend(axes.right - 12, axes.bottom - 14, "end"))
    return picture(f"ROC curve, area {area_under:.4f}", parts)


def precision_recall_figure(curve: Curve, area_under: float, share: float, here: Working) -> str:
    """Precision over recall; `share` is the share of cracks, which guessing would reach."""
    axes = Axes()
    spot = (here.recall, here.precision)
    parts = [
        grid(
            axes,
            ticks(axes.x, 0.2, percent=True),
            ticks(axes.y, 0.2, percent=True),
            "recall: share of the cracks found",
            "precision: share of the alarms that are right",
        ),
        line((axes.px(0), axes.py(share)), (axes.px(1), axes.py(share)), MUTED, 1, "3 4"),
        *_curve(axes, curve, spot, baseline=False),
    ]
    inset = Axes(122, 104, 182, 138, (1 - CORNER, 1), (1 - CORNER, 1))
    if area_under > ENLARGE_ABOVE and _inside(inset, spot):
        parts += _enlarged(inset, axes, curve, spot)
    else:
        parts.append(_legend(axes.left + 12, axes.bottom - 14, "start"))
    return picture(f"Precision-recall curve, average precision {area_under:.4f}", parts)


def reliability_figure(bins: tuple[Bin, ...], error: float) -> str:
    """Observed frequency over stated probability, with Wilson 95 % whiskers."""
    axes = Axes()
    parts = [
        grid(
            axes,
            ticks(axes.x, 0.2, percent=True),
            ticks(axes.y, 0.2, percent=True),
            "probability the model states",
            "share that really shows a crack",
        ),
        line((axes.px(0), axes.py(0)), (axes.px(1), axes.py(1)), MUTED, 1.2, "3 4"),
    ]
    most = max(each.count for each in bins)
    for each in bins:
        low, high = wilson(each.frequency, each.count)
        x = axes.px(each.confidence)
        parts.append(line((x, axes.py(low)), (x, axes.py(high)), ACCENT, 1.4))
        radius = 3.5 + 5 * sqrt(each.count / most)
        parts.append(dot(x, axes.py(each.frequency), radius, ACCENT))
    return picture(f"Reliability diagram, expected calibration error {error:.4f}", parts)


def score_figure(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], threshold: float
) -> str:
    """Counts a probability, logarithmic: cracks upwards, crack-free downwards."""
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    cracks, _ = np.histogram(probabilities[labels == 1], edges)
    clear, _ = np.histogram(probabilities[labels == 0], edges)
    decades = max(1, ceil(log10(max(cracks.max(), clear.max(), 1))))
    top = _height(10**decades)
    axes = Axes(y=(-top, top))
    marks = [
        (sign * _height(10**decade), f"{10**decade:,}")
        for sign in (1, -1)
        for decade in range(decades + 1)
    ]
    parts = [
        grid(
            axes, ticks(axes.x, 0.2, percent=True), marks, "probability of a crack", "patches (log)"
        )
    ]
    width = axes.width / SCORE_BINS - 1.4
    for counts, sign, colour in ((cracks, 1, CRACK), (clear, -1, CLEAR)):
        for left, count in zip(edges, counts, strict=False):
            if count:
                high, low = sorted((axes.py(0), axes.py(sign * _height(count))))
                parts.append(box(axes.px(left) + 0.7, high, width, low - high, f'fill="{colour}"'))
    parts += [
        line((axes.left, axes.py(0)), (axes.right, axes.py(0)), INK, 1),
        line((axes.px(threshold), axes.top), (axes.px(threshold), axes.bottom), INK, 1.2, "4 3"),
    ]
    side, anchor = (-6, "end") if threshold > 0.75 else (6, "start")
    parts += [
        text(
            axes.px(threshold) + side,
            axes.py(0) - axes.height * 0.4,
            f"from {threshold:.2f}: crack",
            INK,
            12,
            anchor,
        ),
        text(axes.left + 12, axes.top + 20, "■ shows a crack", CRACK, 12.5),
        text(axes.right - 12, axes.bottom - 12, "■ shows none", CLEAR, 12.5, "end"),
    ]
    return picture("Histogram of the probabilities of both classes", parts)


def wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share seen in `count` trials (Wilson 1927)."""
    z2 = 1.96**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _height(count: int) -> float:
    """A logarithmic height that starts at nought."""
    return log10(1 + count)


def _curve(axes: Axes, curve: Curve, spot: Point, baseline: bool) -> Iterable[str]:
    points = _thinned(axes, curve)
    if baseline:
        ends = [(axes.right, axes.bottom), (axes.left, axes.bottom)]
        yield area([*points, *ends], ACCENT, 0.07)
    yield path(points, ACCENT, 2.4)
    yield dot(axes.px(spot[0]), axes.py(spot[1]), 5.5, CRACK)


def _thinned(axes: Axes, curve: Curve) -> list[Point]:
    """The curve in px without the points that lie less than half a px from the last kept one."""
    points: list[Point] = []
    end = len(curve.x) - 1
    for i, (x, y) in enumerate(zip(curve.x.tolist(), curve.y.tolist(), strict=True)):
        here = (axes.px(x), axes.py(y))
        far = not points or max(abs(here[0] - points[-1][0]), abs(here[1] - points[-1][1])) > 0.5
        if far or i == end:
            points.append(here)
    return points


def _inside(inset: Axes, spot: Point) -> bool:
    return inset.x[0] <= spot[0] <= inset.x[1] and inset.y[0] <= spot[1] <= inset.y[1]


def _enlarged(inset: Axes, axes: Axes, curve: Curve, spot: Point) -> list[str]:
    """The corner of the curve, drawn larger in the empty middle of the figure."""
    frame = f'fill="none" stroke="{MUTED}" stroke-width="1"'
    corner = (axes.px(inset.x[0]), axes.py(inset.y[1]))
    clip = f"corner-{inset.left:.0f}"
    clipped = box(inset.left, inset.top, inset.width, inset.height, "")
    return [
        box(*corner, axes.px(inset.x[1]) - corner[0], axes.py(inset.y[0]) - corner[1], frame),
        box(
            inset.left - 44,
            inset.top - 26,
            inset.width + 58,
            inset.height + 56,
            f'fill="#fff" stroke="{GRID}" stroke-width="1" rx="4"',
        ),
        text(inset.left - 34, inset.top - 10, "the corner, enlarged", MUTED, 11),
        grid(
            inset,
            ticks(inset.x, 0.025, percent=True),
            ticks(inset.y, 0.025, percent=True),
            size=10,
        ),
        f'<clipPath id="{clip}">{clipped}</clipPath><g clip-path="url(#{clip})">',
        path(_thinned(inset, curve), ACCENT, 2),
        "</g>",
        dot(inset.px(spot[0]), inset.py(spot[1]), 5, CRACK),
        text(inset.right, inset.top - 10, "● in use", CRACK, 11, "end"),
    ]


def _legend(x: float, y: float, anchor: str) -> str:
    return text(x, y, "● threshold in use", CRACK, 12, anchor)
