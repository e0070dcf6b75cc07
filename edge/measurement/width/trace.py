"""Chains of ridge points become centre lines: bridged over gaps, and texture left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.link import IntArray
from crackscan.edge.measurement.width.ridge import Ridges
from crackscan.edge.measurement.width.values import FloatArray

SHORTEST_PX = 14.0
MOST = 300


@dataclass(frozen=True)
class Trace:
    """One centre line before its widths: `position` (n, 2) x, y; the others (n,)."""

    position: FloatArray
    strength: FloatArray
    level: FloatArray

    @property
    def length(self) -> float:
        step = self.position[1:] - self.position[:-1]
        return float(np.hypot(step[:, 0], step[:, 1]).sum())

    @property
    def mean_strength(self) -> float:
        return float(self.strength.sum()) / len(self.strength)

    @property
    def mean_level(self) -> float:
        return float(self.level.sum()) / len(self.level)


def join(ridges: Ridges, chains: list[IntArray], reach: float) -> list[Trace]:
    """Bridge gaps between ends that point at each other and are at most `reach` px apart.

    `reach` is for lines of the two finest levels and doubles with every further one. The best pairs
    go first and every end is used once; only the MOST strongest chains take part.
    """
    chains = sorted(chains, key=lambda c: -float(ridges.strength[c].sum()))
    traces = [Trace(ridges.position[c], ridges.strength[c], ridges.level[c]) for c in chains]
    strong, rest = traces[:MOST], traces[MOST:]
    if len(strong) < 2:
        return traces
    partner: dict[int, int] = {}
    root = list(range(len(strong)))

    def find(i: int) -> int:
        while root[i] != i:
            i = root[i]
        return i

    for one, other in _bridges(strong, reach):
        first, second = find(one // 2), find(other // 2)
        if one not in partner and other not in partner and first != second:
            partner[one], partner[other] = other, one
            root[second] = first
    return [_run(strong, end, partner) for end in _heads(len(strong), partner)] + rest


def _bridges(traces: list[Trace], reach: float) -> list[tuple[int, int]]:
    """Pairs of ends to join, best first; end 2i is the head of trace i, 2i + 1 its tail."""
    lines = [line for trace in traces for line in (trace.position[::-1], trace.position)]
    tip = np.array([line[-1] for line in lines])
    way = tip - np.array([line[-min(len(line), 7)] for line in lines])
    way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)[:, None]
    owner = np.arange(len(tip)) // 2
    level = np.repeat([round(trace.mean_level) for trace in traces], 2)
    longest = reach * 2.0 ** np.maximum(level - 1, 0)

    close = np.abs(tip[:, None, 0] - tip[:, 0]) < longest
    close &= np.abs(tip[:, None, 1] - tip[:, 1]) < longest
    close &= owner[:, None] < owner
    a, b = np.nonzero(close)
    gap = tip[b] - tip[a]
    distance = np.hypot(gap[:, 0], gap[:, 1])
    unit = gap / np.maximum(distance, 1e-6)[:, None]
    facing = -(way[a] * way[b]).sum(axis=1)
    straight = np.minimum((unit * way[a]).sum(axis=1), -(unit * way[b]).sum(axis=1))
    straight = np.where(distance < 2.5, facing, straight)  # too near to tell a direction
    fits = (distance < np.minimum(longest[a], longest[b])) & (facing > 0.3)
    fits &= (straight > 0.6) | (distance < 2.5)
    a, b, price = a[fits], b[fits], (distance * (2 - straight))[fits]
    best = np.argsort(price, kind="stable")
    return list(zip(a[best].tolist(), b[best].tolist(), strict=True))


def _heads(count: int, partner: dict[int, int]) -> list[int]:
    """One free end of each run of joined traces."""
    heads, seen = [], set()
    for end in range(2 * count):
        if end in partner or end // 2 in seen:
            continue
        heads.append(end)
        here = end
        while True:
            seen.add(here // 2)
            out = here ^ 1
            if out not in partner:
                break
            here = partner[out]
    return heads


def _run(traces: list[Trace], end: int, partner: dict[int, int]) -> Trace:
    parts = []
    while True:
        trace = traces[end // 2]
        way = slice(None) if end % 2 == 0 else slice(None, None, -1)
        parts.append((trace.position[way], trace.strength[way], trace.level[way]))
        out = end ^ 1
        if out not in partner:
            break
        end = partner[out]
    return Trace(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def significant(traces: list[Trace], usual: float, noise: float) -> list[Trace]:
    """The traces that are crack and not texture: strong for their length.

    `usual` is the strength that the crack shows along most of its way, `noise` that of any place on
    the wall. A short line must be nearly as strong as the crack; a long one may be a fine branch.
    """
    kept = []
    for trace in traces:
        length = trace.length
        if length < SHORTEST_PX:
            continue
        short = float(np.exp(-(length - SHORTEST_PX) / 25))
        needed = max((0.25 + 0.55 * short) * usual, (2.0 + 2.0 * short) * noise)
        if trace.mean_strength >= needed:
            kept.append(trace)
    return kept


def smooth(trace: Trace, step: float = 1.0) -> Trace:
    """The trace at even steps of about `step` px, smoothed over a few px, more if it is coarse."""
    position = trace.position.astype(np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(position, axis=0).T))])
    count = max(round(float(along[-1]) / step) + 1, 2)
    even = np.linspace(0, along[-1], count)
    columns = [
        np.interp(even, along, column)
        for column in (position[:, 0], position[:, 1], trace.strength, trace.level)
    ]
    sigma = 1.5 * 2.0 ** round(trace.mean_level) / step
    x, y = (smooth_line(column, sigma) for column in columns[:2])
    return Trace(
        np.stack([x, y], axis=1).astype(np.float32),
        columns[2].astype(np.float32),
        columns[3].astype(np.float32),
    )


def smooth_line(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian smoothing of (n,) values; beyond its ends the line goes on straight."""
    radius = min(int(np.ceil(2.5 * sigma)), len(values) - 1)
    if radius < 1:
        return values
    head = 2 * values[0] - values[radius:0:-1]
    tail = 2 * values[-1] - values[-2 : -radius - 2 : -1]
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.concatenate([head, values, tail]), kernel / kernel.sum(), "valid")
