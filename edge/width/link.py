"""Ridge points that follow each other become chains."""

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.width.ridge import Ridges

IntArray = NDArray[np.intp]
NONE = -1
ALONG = np.cos(np.deg2rad(60))
"""A link may turn this much against the local direction."""
RING = [(dx, dy) for dy in range(-2, 3) for dx in range(-2, 3) if (dx, dy) != (0, 0)]


def link(ridges: Ridges, shape: tuple[int, int]) -> list[IntArray]:
    """Chains of ridge points (indices, in order), each point in one chain at most.

    Every point has two ports, one for each way along its tangent. A port asks the neighbours in
    5 x 5 pixels for the one that is nearest and turns least (the cost of Steger 1998: distance plus
    angle); two ports that choose each other are linked. So there is no order to depend on.
    """
    count = len(ridges.position)
    if count == 0:
        return []
    index = np.full((shape[0] + 4, shape[1] + 4), NONE, np.int32)
    px, py = ridges.pixel[:, 0] + 2, ridges.pixel[:, 1] + 2
    index[py, px] = np.arange(count)
    offsets = np.array(RING)
    neighbour = index[py[:, None] + offsets[:, 1], px[:, None] + offsets[:, 0]]
    exists = neighbour != NONE
    step = ridges.position[neighbour] - ridges.position[:, None]
    distance = np.hypot(step[..., 0], step[..., 1]) + 1e-6
    tangent = np.stack([-ridges.normal[:, 1], ridges.normal[:, 0]], axis=1)
    forward = np.einsum("nkc,nc->nk", step, tangent) / distance
    turn = np.abs(np.einsum("nkc,nc->nk", tangent[neighbour], tangent))
    cost = distance + 1.5 * (1 - turn) + 1.5 * (1 - np.abs(forward))
    usable = exists & (np.abs(forward) > ALONG) & (turn > 0.5)

    # Port 2i looks along the tangent of point i, port 2i + 1 against it.
    choice = np.full((count, 2), NONE, np.intp)
    for side, sign in enumerate((1, -1)):
        priced = np.where(usable & (sign * forward > 0), cost, np.inf)
        best = priced.argmin(axis=1)
        rows = np.arange(count)
        found = np.isfinite(priced[rows, best])
        other = neighbour[rows, best]
        back = -np.einsum("nc,nc->n", step[rows, best], tangent[other])
        entry = 2 * other + (back < 0)
        choice[:, side] = np.where(found, entry, NONE)
    partner = choice.ravel()
    mutual = (partner != NONE) & (partner[partner] == np.arange(2 * count))
    return _walk(np.where(mutual, partner, NONE).tolist())


def _walk(partner: list[int]) -> list[IntArray]:
    """Follow the links of ports: first every open chain from its end, then the closed ones."""
    count = len(partner) // 2
    seen = [False] * count
    chains = []
    ends = [p for p in range(2 * count) if partner[p] == NONE]
    for port in [*ends, *range(2 * count)]:
        if seen[port // 2]:
            continue
        chain = []
        entry = port
        while not seen[entry // 2]:
            seen[entry // 2] = True
            chain.append(entry // 2)
            entry = partner[entry ^ 1]
            if entry == NONE:
                break
        chains.append(np.array(chain, np.intp))
    return chains
