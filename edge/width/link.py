"""Ridge points that follow each other become chains."""

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.width.ridge import Ridges
from crackscan.edge.width.values import FloatArray

IntArray = NDArray[np.intp]
NONE = -1
BLOCK = 32_768
FEWEST = 3
ALONG = np.cos(np.deg2rad(60))
"""A link may turn this much against the local direction."""
RING = [(dx, dy) for dy in range(-2, 3) for dx in range(-2, 3) if (dx, dy) != (0, 0)]


def link(ridges: Ridges, shape: tuple[int, int]) -> list[IntArray]:
    """Chains of at least FEWEST ridge points (indices, in order), each point in one at most.

    Every point has two ports, one for each way along its tangent. A port asks the neighbours in
    5 x 5 pixels for the one that is nearest and turns least (the cost of Steger 1998: distance plus
    angle); two ports that choose each other are linked. So there is no order to depend on.
    """
    count = len(ridges.position)
    index = np.full((shape[0] + 4, shape[1] + 4), NONE, np.int32)
    index[ridges.pixel[:, 1] + 2, ridges.pixel[:, 0] + 2] = np.arange(count)
    tangent = np.stack([-ridges.normal[:, 1], ridges.normal[:, 0]], axis=1)
    starts = range(0, count, BLOCK)
    blocks = [_choices(ridges, tangent, index, slice(at, at + BLOCK)) for at in starts]
    if not blocks:
        return []
    partner = np.concatenate(blocks)
    mutual = (partner != NONE) & (partner[partner] == np.arange(2 * count))
    return _walk(np.where(mutual, partner, NONE).tolist())


def _choices(
    ridges: Ridges, tangent: FloatArray, index: NDArray[np.int32], block: slice
) -> IntArray:
    """The port that each port of a block of points would be linked to, NONE for none.

    Port 2i looks along the tangent of point i, port 2i + 1 against it.
    """
    column, row = ridges.pixel[block].T + 2
    offsets = np.array(RING)
    neighbour = index[row[:, None] + offsets[:, 1], column[:, None] + offsets[:, 0]]
    own = tangent[block]
    step = ridges.position[neighbour] - ridges.position[block][:, None]
    distance = np.hypot(step[..., 0], step[..., 1]) + np.float32(1e-6)
    forward = np.einsum("nkc,nc->nk", step, own) / distance
    turn = np.abs(np.einsum("nkc,nc->nk", tangent[neighbour], own))
    cost = distance + 1.5 * (1 - turn) + 1.5 * (1 - np.abs(forward))
    usable = (neighbour != NONE) & (np.abs(forward) > ALONG) & (turn > 0.5)
    choice = np.full((len(own), 2), NONE, np.intp)
    rows = np.arange(len(own))
    for side, sign in enumerate((1, -1)):
        priced = np.where(usable & (sign * forward > 0), cost, np.inf)
        best = priced.argmin(axis=1)
        other = neighbour[rows, best].astype(np.intp)
        back = -np.einsum("nc,nc->n", step[rows, best], tangent[other])
        found = np.isfinite(priced[rows, best])
        choice[:, side] = np.where(found, 2 * other + (back < 0), NONE)
    return choice.ravel()


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
        if len(chain) >= FEWEST:
            chains.append(np.array(chain, np.intp))
    return chains
