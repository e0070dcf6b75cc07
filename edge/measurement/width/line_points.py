"""The points of all centre lines in one table, centred on their cracks and without duplicates."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.centre_line import CentreLine, smooth_values
from crackscan.edge.measurement.width.parameters import RIDGE, WIDTH
from crackscan.edge.measurement.width.profiles import (
    average_along,
    compute_normals,
    find_runs,
    sample_profiles,
)
from crackscan.edge.measurement.width.rectangle_model import locate_rectangle
from crackscan.edge.measurement.width.values import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class LinePoints:
    """Points of all lines, one row each, in order along each line."""

    position: FloatArray
    """(n, 2) x, y."""
    owner: IntArray
    """(n,) number of the line that the point belongs to, ascending."""
    level: NDArray[np.int8]
    """(n,) level on which its profile is sampled."""
    rough_px: FloatArray
    """(n,) approximate width."""
    step_px: float
    """Distance between the points of a line."""

    @property
    def normal(self) -> FloatArray:
        reach = np.ceil(3.0 * 2.0 ** self.level.astype(np.float32) / self.step_px)
        return compute_normals(self.position, reach, *find_runs(self.owner))

    def list_lines(self) -> list[slice]:
        """List the rows of each line."""
        if not len(self.owner):
            return []
        first, last = find_runs(self.owner)
        starts = np.unique(first)
        return [slice(int(a), int(last[a])) for a in starts]

    def select(self, mask: BoolArray) -> "LinePoints":
        return replace(
            self,
            position=self.position[mask],
            owner=self.owner[mask],
            level=self.level[mask],
            rough_px=self.rough_px[mask],
        )

    def averaging_radius(self, level: int) -> int:
        """Number of neighbours in each direction that lie within two units of the level."""
        return round(2 * 2.0**level / self.step_px)


def tabulate_lines(lines: list[CentreLine], step_px: float) -> LinePoints:
    """Put the points of all lines into one table; the level gives a first approximate width."""
    count = [len(line.position) for line in lines]
    level = [round(line.mean_level) for line in lines]
    return LinePoints(
        np.concatenate([line.position for line in lines]),
        np.repeat(np.arange(len(lines)), count),
        np.repeat(np.array(level, np.int8), count),
        np.repeat(np.float32(3) * np.float32(2.0) ** np.array(level, np.float32), count),
        step_px,
    )


def centre_lines(points: LinePoints, pictures: tuple[FloatArray, ...]) -> LinePoints:
    """Move the lines to the middle of the rectangles in their profiles; estimate rough widths."""
    shift = np.zeros(len(points.owner), np.float32)
    rough = np.ones(len(points.owner), np.float32)
    normal = points.normal
    for level in range(RIDGE.levels):
        rows = np.flatnonzero(points.level == level)
        if len(rows):
            profiles = sample_profiles(pictures, points.position[rows], normal[rows], level)
            radius = points.averaging_radius(level) // 2
            profiles = average_along(profiles, radius, *find_runs(points.owner[rows]))
            offset, width = locate_rectangle(profiles)
            shift[rows], rough[rows] = offset * 2**level, width * 2**level
    for line in points.list_lines():
        level = int(points.level[line][0])
        sigma = 1.5 * 2**level / points.step_px
        shift[line] = smooth_values(shift[line].astype(np.float64), sigma)
        rough[line] = smooth_values(rough[line].astype(np.float64), 6.0 / points.step_px)
    return replace(
        points,
        position=points.position + normal * shift[:, None],
        level=np.digitize(rough, WIDTH.level_widths_px).astype(np.int8),
        rough_px=rough,
    )


def remove_duplicates(
    points: LinePoints, strength: FloatArray, shape: tuple[int, int]
) -> LinePoints:
    """Keep one line for each crack: the edges of a wide crack are found as lines, too.

    Lines occupy the area that they cover, the largest dark area first. A line that lies mostly on
    occupied area is dropped, and ends that reach into it are cut off.

    Args:
        points: the centred lines.
        strength: (n,) ridge response of the points.
        shape: height and width of the picture.
    """
    occupied = np.zeros(shape, np.uint8)
    keep = np.zeros(len(points.owner), bool)
    lines = points.list_lines()
    area = [float(strength[rows].mean()) * min(rows.stop - rows.start, 60) for rows in lines]
    pixel = np.rint(points.position).astype(np.intp)
    x = np.clip(pixel[:, 0], 0, shape[1] - 1)
    y = np.clip(pixel[:, 1], 0, shape[0] - 1)
    shortest = 0.6 * RIDGE.shortest_px / points.step_px
    for i in sorted(range(len(lines)), key=lambda i: -area[i]):
        rows = lines[i]
        free = np.flatnonzero(occupied[y[rows], x[rows]] == 0)
        if len(free) < max(shortest, 0.5 * (rows.stop - rows.start)):
            continue
        inner = slice(rows.start + int(free[0]), rows.start + int(free[-1]) + 1)
        keep[inner] = True
        radius = np.rint(points.rough_px[inner] / 2 + 3).astype(int)
        spacing = max(int(radius.min() / 2 / points.step_px), 1)
        for k in sorted({*range(0, len(radius), spacing), len(radius) - 1}):
            centre = int(x[inner][k]), int(y[inner][k])
            cv2.circle(occupied, centre, int(radius[k]), 1, cv2.FILLED)
    return points.select(keep)
