"""Linking of neighbouring ridge points into chains."""

from itertools import chain as concatenate

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.parameters import RIDGE
from crackscan.edge.measurement.width.ridge_detection import RidgePoints
from crackscan.edge.measurement.width.values import FloatArray, IntArray

NONE = -1
_BATCH = 32_768
"""Number of points whose links are chosen at a time, which bounds the memory."""
_LEAST_ALIGNMENT = np.cos(np.deg2rad(RIDGE.link_angle_deg))
_NEIGHBOURS = [(dx, dy) for dy in range(-2, 3) for dx in range(-2, 3) if (dx, dy) != (0, 0)]


def link_ridges(ridges: RidgePoints, shape: tuple[int, int]) -> list[IntArray]:
    """Link ridge points to chains: arrays of indices in order, each point in at most one.

    Every point has two ports, one for each direction of its tangent. A port chooses among the
    neighbours within 5 x 5 pixels the one with the lowest cost, distance plus angle (Steger 1998);
    two ports that choose each other are linked. The result therefore does not depend on an order.

    Args:
        ridges: the points.
        shape: height and width of the picture.
    """
    count = len(ridges.position)
    index = np.full((shape[0] + 4, shape[1] + 4), NONE, np.int32)
    index[ridges.pixel[:, 1] + 2, ridges.pixel[:, 0] + 2] = np.arange(count)
    tangent = np.stack([-ridges.normal[:, 1], ridges.normal[:, 0]], axis=1)
    starts = range(0, count, _BATCH)
    batches = [_choose_links(ridges, tangent, index, slice(i, i + _BATCH)) for i in starts]
    if not batches:
        return []
    partner = np.concatenate(batches)
    mutual = (partner != NONE) & (partner[partner] == np.arange(2 * count))
    return _follow_links(np.where(mutual, partner, NONE).tolist())


def _choose_links(
    ridges: RidgePoints, tangent: FloatArray, index: NDArray[np.int32], batch: slice
) -> IntArray:
    """Choose the port that each port of a batch of points prefers; NONE if there is none.

    Port 2i of point i points along its tangent, port 2i + 1 against it.
    """
    column, row = ridges.pixel[batch].T + 2
    offsets = np.array(_NEIGHBOURS)
    neighbour = index[row[:, None] + offsets[:, 1], column[:, None] + offsets[:, 0]]
    # Most neighbours are empty: from here on, arrays hold one row for each pair of points.
    mine, slot = np.nonzero(neighbour != NONE)
    other = neighbour[mine, slot].astype(np.intp)
    my_tangent = tangent[batch][mine]
    step = ridges.position[other] - ridges.position[batch][mine]
    distance = np.hypot(step[:, 0], step[:, 1]) + np.float32(1e-6)
    forward = (step[:, 0] * my_tangent[:, 0] + step[:, 1] * my_tangent[:, 1]) / distance
    other_tangent = tangent[other]
    turn = np.abs(other_tangent[:, 0] * my_tangent[:, 0] + other_tangent[:, 1] * my_tangent[:, 1])
    cost = distance + 1.5 * (1 - turn) + 1.5 * (1 - np.abs(forward))
    usable = (np.abs(forward) > _LEAST_ALIGNMENT) & (turn > 0.5)
    back = step[:, 0] * other_tangent[:, 0] + step[:, 1] * other_tangent[:, 1] > 0
    port = 2 * other + back
    choice = np.full((len(row), 2), NONE, np.intp)
    for side, sign in enumerate((1, -1)):
        pair = np.flatnonzero(usable & (sign * forward > 0))
        costs = np.full(neighbour.shape, np.inf, np.float32)
        costs[mine[pair], slot[pair]] = cost[pair]
        ports = np.full(neighbour.shape, NONE, np.intp)
        ports[mine[pair], slot[pair]] = port[pair]
        choice[:, side] = ports[np.arange(len(row)), costs.argmin(axis=1)]
    return choice.ravel()


def _follow_links(partner: list[int]) -> list[IntArray]:
    """Follow the links between ports: open chains from one end first, then closed ones."""
    count = len(partner) // 2
    visited = [False] * count
    chains = []
    ports = range(2 * count)
    ends = [p for p in ports if partner[p] == NONE and partner[p ^ 1] != NONE]
    closed = (p for p in ports if partner[p] != NONE and not visited[p // 2])
    for port in concatenate(ends, closed):
        if visited[port // 2]:
            continue
        chain = []
        entry = port
        while not visited[entry // 2]:
            visited[entry // 2] = True
            chain.append(entry // 2)
            entry = partner[entry ^ 1]
            if entry == NONE:
                break
        if len(chain) >= RIDGE.fewest_linked:
            chains.append(np.array(chain, np.intp))
    return chains
