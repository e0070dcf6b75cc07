"""Bridging of the gaps between chains of ridge points: they become centre lines."""

import numpy as np

from crackscan.core.union_find import UnionFind
from crackscan.edge.measurement.width.centre_line import CentreLine
from crackscan.edge.measurement.width.parameters import RIDGE
from crackscan.edge.measurement.width.ridge_detection import RidgePoints
from crackscan.edge.measurement.width.values import IntArray


def bridge_gaps(ridges: RidgePoints, chains: list[IntArray], reach_px: float) -> list[CentreLine]:
    """Join chains whose ends point at each other across a gap of at most `reach_px`.

    `reach_px` holds for the two finest levels and doubles with every further one. The cheapest
    pairs are joined first and every end is used once. Only the strongest chains take part.
    """
    chains = sorted(chains, key=lambda c: -float(ridges.strength[c].sum()))
    lines = [CentreLine(ridges.position[c], ridges.strength[c], ridges.level[c]) for c in chains]
    strong, rest = lines[: RIDGE.bridge_candidates], lines[RIDGE.bridge_candidates :]
    if len(strong) < 2:
        return lines
    partner: dict[int, int] = {}
    joined = UnionFind()
    for one, other in _rank_bridges(strong, reach_px):
        unused = one not in partner and other not in partner
        if unused and joined.join_sets(one // 2, other // 2):
            partner[one], partner[other] = other, one
    return [_join_run(strong, end, partner) for end in _find_heads(len(strong), partner)] + rest


def _rank_bridges(lines: list[CentreLine], reach_px: float) -> list[tuple[int, int]]:
    """List the pairs of ends to join, cheapest first.

    End 2i is the start of line i, and end 2i + 1 its end. The cost is the length of
    the gap, increased by the angle at its ends.
    """
    outward = [points for line in lines for points in (line.position[::-1], line.position)]
    tip = np.array([points[-1] for points in outward])
    direction = tip - np.array([points[-min(len(points), 7)] for points in outward])
    direction /= np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-6)[:, None]
    owner = np.arange(len(tip)) // 2
    level = np.repeat([round(line.mean_level) for line in lines], 2)
    longest = reach_px * 2.0 ** np.maximum(level - 1, 0)

    close = np.abs(tip[:, None, 0] - tip[:, 0]) < longest
    close &= np.abs(tip[:, None, 1] - tip[:, 1]) < longest
    close &= owner[:, None] < owner
    a, b = np.nonzero(close)
    gap = tip[b] - tip[a]
    distance = np.hypot(gap[:, 0], gap[:, 1])
    unit = gap / np.maximum(distance, 1e-6)[:, None]
    facing = -(direction[a] * direction[b]).sum(axis=1)
    straight = np.minimum((unit * direction[a]).sum(axis=1), -(unit * direction[b]).sum(axis=1))
    straight = np.where(distance < 2.5, facing, straight)  # too short to have a direction
    fits = (distance < np.minimum(longest[a], longest[b])) & (facing > 0.3)
    fits &= (straight > 0.6) | (distance < 2.5)
    a, b, cost = a[fits], b[fits], (distance * (2 - straight))[fits]
    order = np.argsort(cost, kind="stable")
    return list(zip(a[order].tolist(), b[order].tolist(), strict=True))


def _find_heads(count: int, partner: dict[int, int]) -> list[int]:
    """Find one free end of each run of joined lines."""
    heads, visited = [], set()
    for end in range(2 * count):
        if end in partner or end // 2 in visited:
            continue
        heads.append(end)
        entry = end
        while True:
            visited.add(entry // 2)
            leaving = entry ^ 1
            if leaving not in partner:
                break
            entry = partner[leaving]
    return heads


def _join_run(lines: list[CentreLine], end: int, partner: dict[int, int]) -> CentreLine:
    parts = []
    while True:
        line = lines[end // 2]
        order = slice(None) if end % 2 == 0 else slice(None, None, -1)
        parts.append((line.position[order], line.strength[order], line.level[order]))
        leaving = end ^ 1
        if leaving not in partner:
            break
        end = partner[leaving]
    return CentreLine(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
