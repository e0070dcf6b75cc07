"""Several centre lines as one table, brought onto the middle of their cracks, each crack once."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width import edge_model, profile
from crackscan.edge.measurement.width.ridge import LEVELS
from crackscan.edge.measurement.width.trace import SHORTEST_PX, Trace, smooth_line
from crackscan.edge.measurement.width.values import BoolArray, FloatArray

LEVEL_FROM_PX = (5.5, 11.0, 22.0)
"""From these rough widths on, profiles are taken on the next level."""


@dataclass(frozen=True)
class Lines:
    """Points of all lines, one row each, in order along each line."""

    position: FloatArray
    """(n, 2) x, y."""
    owner: NDArray[np.intp]
    """(n,) which line the point belongs to, rising."""
    level: NDArray[np.int8]
    """(n,) the level on which its profile is taken."""
    rough_px: FloatArray
    """(n,) a first guess of the width."""
    step_px: float
    """How far apart the points of a line are."""

    @property
    def normal(self) -> FloatArray:
        reach = np.ceil(3.0 * 2.0 ** self.level.astype(np.float32) / self.step_px)
        return profile.normals(self.position, reach, *profile.runs(self.owner))

    def each(self) -> list[slice]:
        """The rows of each line."""
        if not len(self.owner):
            return []
        first, last = profile.runs(self.owner)
        starts = np.unique(first)
        return [slice(int(a), int(last[a])) for a in starts]

    def chosen(self, which: BoolArray) -> "Lines":
        return replace(
            self,
            position=self.position[which],
            owner=self.owner[which],
            level=self.level[which],
            rough_px=self.rough_px[which],
        )

    def radius(self, level: int) -> int:
        """How many neighbours each way lie within two units of the level."""
        return round(2 * 2.0**level / self.step_px)


def table(traces: list[Trace], step_px: float) -> Lines:
    count = [len(trace.position) for trace in traces]
    level = [round(trace.mean_level) for trace in traces]
    return Lines(
        np.concatenate([trace.position for trace in traces]),
        np.repeat(np.arange(len(traces)), count),
        np.repeat(np.array(level, np.int8), count),
        np.repeat(np.float32(3) * np.float32(2.0) ** np.array(level, np.float32), count),
        step_px,
    )


def centre(lines: Lines, pictures: tuple[FloatArray, ...]) -> Lines:
    """Move the lines onto the middle of the dark box their profiles show, and guess its width."""
    shift = np.zeros(len(lines.owner), np.float32)
    rough = np.ones(len(lines.owner), np.float32)
    normal = lines.normal
    for level in range(LEVELS):
        at = np.flatnonzero(lines.level == level)
        if len(at):
            rows = profile.profiles(pictures, lines.position[at], normal[at], level)
            rows = profile.along(rows, lines.radius(level) // 2, *profile.runs(lines.owner[at]))
            off, width = edge_model.place(rows)
            shift[at], rough[at] = off * 2**level, width * 2**level
    for rows_of in lines.each():
        level = int(lines.level[rows_of][0])
        shift[rows_of] = smooth_line(
            shift[rows_of].astype(np.float64), 1.5 * 2**level / lines.step_px
        )
        rough[rows_of] = smooth_line(rough[rows_of].astype(np.float64), 6.0 / lines.step_px)
    return replace(
        lines,
        position=lines.position + normal * shift[:, None],
        level=np.digitize(rough, LEVEL_FROM_PX).astype(np.int8),
        rough_px=rough,
    )


def distinct(lines: Lines, strength: FloatArray, shape: tuple[int, int]) -> Lines:
    """Each crack once: the edges of a wide one, found as lines of their own, are dropped.

    Lines claim the ground they cover, the largest dark area first; what lies on claimed ground is
    dropped, and ends that reach into it are cut back.
    """
    ground = np.zeros(shape, np.uint8)
    keep = np.zeros(len(lines.owner), bool)
    area = [float(strength[r].mean()) * min(r.stop - r.start, 60) for r in lines.each()]
    pixel = np.rint(lines.position).astype(np.intp)
    x = np.clip(pixel[:, 0], 0, shape[1] - 1)
    y = np.clip(pixel[:, 1], 0, shape[0] - 1)
    pieces = lines.each()
    for i in sorted(range(len(pieces)), key=lambda i: -area[i]):
        rows = pieces[i]
        free = np.flatnonzero(ground[y[rows], x[rows]] == 0)
        shortest = 0.6 * SHORTEST_PX / lines.step_px
        if len(free) < max(shortest, 0.5 * (rows.stop - rows.start)):
            continue
        inner = slice(rows.start + int(free[0]), rows.start + int(free[-1]) + 1)
        keep[inner] = True
        radius = np.rint(lines.rough_px[inner] / 2 + 3).astype(int)
        between = max(int(radius.min() / 2 / lines.step_px), 1)
        which = sorted({*range(0, len(radius), between), len(radius) - 1})
        for k in which:
            at = int(x[inner][k]), int(y[inner][k])
            cv2.circle(ground, at, int(radius[k]), 1, cv2.FILLED)
    return lines.chosen(keep)
