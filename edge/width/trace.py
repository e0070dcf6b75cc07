"""Chains of ridge points become centre lines: bridged over gaps, and texture left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.width.link import IntArray
from crackscan.edge.width.ridge import Ridges
from crackscan.edge.width.values import FloatArray

SHORTEST_PX = 14.0


@dataclass(frozen=True)
class Trace:
    """One centre line before its widths: `position` (n, 2) x, y; the others (n,)."""

    position: FloatArray
    strength: FloatArray
    level: FloatArray

    @property
    def length(self) -> float:
        step = np.diff(self.position, axis=0)
        return float(np.hypot(step[:, 0], step[:, 1]).sum())


def join(ridges: Ridges, chains: list[IntArray], reach: float, most: int = 300) -> list[Trace]:
    """Bridge gaps between ends that point at each other and are at most `reach` px apart.

    `reach` is for lines of the two finest levels and doubles with every further one.

    Only the `most` strongest chains take part, which bounds the work; the best pairs go first and
    every end is used once.
    """
    chains = [c for c in chains if len(c) >= 3]
    chains.sort(key=lambda c: -float(ridges.strength[c].sum()))
    traces = [Trace(ridges.position[c], ridges.strength[c], ridges.level[c]) for c in chains]
    small, rest = traces[:most], traces[most:]
    if len(small) < 2:
        return traces
    tips, ways = [], []
    for trace in small:
        for line in (trace.position[::-1], trace.position):
            inner = line[max(0, len(line) - 7)]
            way = line[-1] - inner
            tips.append(line[-1])
            ways.append(way / max(float(np.hypot(*way)), 1e-6))
    tip, way = np.array(tips), np.array(ways)  # end 2i is the head of trace i, 2i + 1 its tail
    gap = tip[None] - tip[:, None]
    distance = np.hypot(gap[..., 0], gap[..., 1])
    unit = gap / np.maximum(distance, 1e-6)[..., None]
    leaving = np.einsum("ijc,ic->ij", unit, way)
    entering = -np.einsum("ijc,jc->ij", unit, way)
    near = distance < 2.5
    straight = np.minimum(leaving, entering)
    facing = -(way @ way.T)
    coarse = np.repeat([float(np.median(t.level)) for t in small], 2)
    bridged = reach * 2 ** np.maximum(np.minimum(coarse[:, None], coarse[None]) - 1, 0)
    fits = (distance < bridged) & np.where(near, facing > 0.3, (straight > 0.6) & (facing > 0.3))
    owner = np.arange(len(tip)) // 2
    fits &= owner[:, None] < owner[None]
    first, second = np.nonzero(fits)
    price = distance[first, second] * (2 - np.where(near, facing, straight)[first, second])
    partner: dict[int, int] = {}
    root = list(range(len(small)))

    def find(i: int) -> int:
        while root[i] != i:
            i = root[i]
        return i

    for k in np.argsort(price, kind="stable"):
        a, b = int(first[k]), int(second[k])
        ra, rb = find(a // 2), find(b // 2)
        if a in partner or b in partner or ra == rb:
            continue
        partner[a], partner[b] = b, a
        root[rb] = ra
    return [_chain(small, way_in, partner) for way_in in _heads(len(small), partner)] + rest


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


def _chain(traces: list[Trace], end: int, partner: dict[int, int]) -> Trace:
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
        short = float(np.exp(-(trace.length - SHORTEST_PX) / 25))
        needed = max((0.25 + 0.55 * short) * usual, (2.0 + 2.0 * short) * noise)
        if trace.length >= SHORTEST_PX and float(np.mean(trace.strength)) >= needed:
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
    level = float(np.median(trace.level))
    sigma = 1.5 * 2**level / step
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
