"""Ridge points that follow each other become chains."""

from itertools import chain as chain_of

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.ridge import Ridges
from crackscan.edge.measurement.width.values import FloatArray

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
    # Most of the places around are empty: from here on pairs of points.
    mine, at = np.nonzero(neighbour != NONE)
    other = neighbour[mine, at].astype(np.intp)
    own = tangent[block][mine]
    step = ridges.position[other] - ridges.position[block][mine]
    distance = np.hypot(step[:, 0], step[:, 1]) + np.float32(1e-6)
    forward = (step[:, 0] * own[:, 0] + step[:, 1] * own[:, 1]) / distance
    its = tangent[other]
    turn = np.abs(its[:, 0] * own[:, 0] + its[:, 1] * own[:, 1])
    cost = distance + 1.5 * (1 - turn) + 1.5 * (1 - np.abs(forward))
    usable = (np.abs(forward) > ALONG) & (turn > 0.5)
    back = step[:, 0] * its[:, 0] + step[:, 1] * its[:, 1] > 0
    port = 2 * other + back
    choice = np.full((len(row), 2), NONE, np.intp)
    for side, sign in enumerate((1, -1)):
        pair = np.flatnonzero(usable & (sign * forward > 0))
        priced = np.full(neighbour.shape, np.inf, np.float32)
        priced[mine[pair], at[pair]] = cost[pair]
        ports = np.full(neighbour.shape, NONE, np.intp)
        ports[mine[pair], at[pair]] = port[pair]
        choice[:, side] = ports[np.arange(len(row)), priced.argmin(axis=1)]
    return choice.ravel()


def _walk(partner: list[int]) -> list[IntArray]:
    """Follow the links of ports: first every open chain from its end, then the closed ones."""
    count = len(partner) // 2
    seen = [False] * count
    chains = []
    ports = range(2 * count)
    ends = [p for p in ports if partner[p] == NONE and partner[p ^ 1] != NONE]
    rings = (p for p in ports if partner[p] != NONE and not seen[p // 2])
    for port in chain_of(ends, rings):
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
