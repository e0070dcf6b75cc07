"""The families of cracks that walls show: single, branched, interrupted, stepped, in nets."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.train.render.crack import Strand, Strands, widen_course
from crackscan.train.render.path import Points, jagged_path, stepped_path


def _draw_ends(rng: np.random.Generator, size: int, through: bool) -> tuple[Points, Points]:
    """Two ends of a crack: beyond the picture's border when it runs through, anywhere when not."""
    angle = rng.uniform(0.0, np.pi)
    if rng.random() < 0.35:  # walls crack upright and level more often than aslant
        angle = round(angle / (np.pi / 2)) * np.pi / 2 + rng.normal(0.0, 0.08)
    direction = np.array([np.cos(angle), np.sin(angle)])
    if rng.random() < 0.5:
        direction = -direction
    middle = rng.uniform(0.1, 0.9, 2) * size
    reach = 1.1 * size if through else rng.uniform(0.15, 0.6) * size
    near = reach if through or rng.random() < 0.4 else rng.uniform(0.1, 0.5) * size
    return (middle - near * direction).astype(np.float32), (middle + reach * direction).astype(
        np.float32
    )


def _draw_character(rng: np.random.Generator, width_px: float) -> tuple[float, float, float]:
    """How far a crack wanders, how ragged it is, and the shortest turn it takes."""
    detail_px = max(rng.uniform(1.5, 7.0), 1.1 * width_px)
    return float(rng.uniform(0.02, 0.11)), float(rng.uniform(0.46, 0.62)), float(detail_px)


def _grow_branches(
    rng: np.random.Generator,
    parent: Strand,
    size: int,
    count: int,
    character: tuple[float, float, float],
) -> Strands:
    grown: Strands = []
    inside = np.flatnonzero(
        ((parent.points[:, :2] > -0.05 * size) & (parent.points[:, :2] < 1.05 * size)).all(1)
    )
    if len(inside) < 8:
        return grown
    for _ in range(count):
        i = int(rng.choice(inside[2:-2]))
        back, fore = max(i - 8, 0), min(i + 8, len(parent.points) - 1)
        heading = parent.points[fore, :2] - parent.points[back, :2]
        base = np.arctan2(heading[1], heading[0]) + (np.pi if rng.random() < 0.4 else 0.0)
        angle = base + rng.choice([-1, 1]) * rng.uniform(0.3, 1.4)
        reach = size * float(np.clip(rng.lognormal(-1.3, 0.7), 0.04, 1.2))
        start = parent.points[i, :2]
        end = start + reach * np.array([np.cos(angle), np.sin(angle)], np.float32)
        width = float(parent.points[i, 2]) * rng.uniform(0.25, 0.8)
        width = max(min(width, 0.5 + reach / 15), 0.5)
        if rng.random() < 0.18:  # a side strand that comes back to its parent round an island
            j = int(
                np.clip(i + rng.choice([-1, 1]) * rng.integers(5, 26), 0, len(parent.points) - 1)
            )
            end = parent.points[j, :2]
            if np.hypot(*(end - start)) < 6.0:
                continue
            course = jagged_path(rng, start, end, rng.uniform(0.2, 0.45), 0.5, 4.0)
            grown.append(widen_course(rng, course, width, parent.rank + 1))
            continue
        course = jagged_path(rng, start, end, *character)
        grown.append(widen_course(rng, course, width, parent.rank + 1, taper=(1.0, 0.1)))
    return grown


def single_crack(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """One crack, through the picture or ending in it, now and then with a short branch."""
    through = rng.random() < 0.65
    character = _draw_character(rng, width_px)
    course = jagged_path(rng, *_draw_ends(rng, size, through), *character)
    taper = (1.0, 1.0) if through else (float(rng.choice([0.1, 1.0])), 0.1)
    main = widen_course(rng, course, width_px, taper=taper)
    return [main, *_grow_branches(rng, main, size, int(rng.random() < 0.35), character)]


def branched_crack(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """A main crack with branches, and branches of these."""
    character = _draw_character(rng, width_px)
    main = widen_course(rng, jagged_path(rng, *_draw_ends(rng, size, True), *character), width_px)
    first = _grow_branches(rng, main, size, int(rng.integers(2, 7)), character)
    second = [
        twig
        for branch in first
        if rng.random() < 0.35
        for twig in _grow_branches(rng, branch, size, 1, character)
    ]
    return [main, *first, *second]


def interrupted_crack(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """A crack that stops and goes on a little beside itself."""
    course = jagged_path(rng, *_draw_ends(rng, size, True), *_draw_character(rng, width_px))
    pieces: Strands = []
    at = int(rng.integers(0, 12))
    while at < len(course) - 6:
        stop = at + int(rng.integers(8, 60))
        piece = course[at:stop]
        if len(piece) > 5:
            piece = piece + rng.normal(0.0, 0.8 + 0.6 * width_px, 2).astype(np.float32)
            pieces.append(widen_course(rng, piece, width_px, taper=(0.2, 0.2)))
        at = stop + int(rng.integers(-3, 14))
    return pieces


def several_cracks(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """Two to four cracks of their own, some of them about parallel."""
    character = _draw_character(rng, width_px)
    start, end = _draw_ends(rng, size, True)
    strands: Strands = []
    for number in range(int(rng.integers(2, 5))):
        if number and rng.random() < 0.5:
            shift = rng.normal(0.0, 0.2 * size, 2).astype(np.float32)
            ends = start + shift, end + shift + rng.normal(0, 0.1 * size, 2).astype(np.float32)
        else:
            ends = _draw_ends(rng, size, rng.random() < 0.5)
        width = max(0.5, width_px * float(rng.uniform(0.4, 1.0)) if number else width_px)
        strands.append(
            widen_course(rng, jagged_path(rng, *ends, *character), width, taper=(0.4, 0.3))
        )
    return strands


def stepped_crack(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """A crack in steps, as through masonry under plaster."""
    start, end = _draw_ends(rng, size, True)
    tread, riser = rng.uniform(18, 70), rng.uniform(12, 45)
    return [widen_course(rng, stepped_path(rng, start, end, tread, riser), width_px)]


def straight_crack(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """A crack that hardly wanders, such as runs along a joint or over a reinforcing bar."""
    angle = rng.integers(0, 2) * np.pi / 2 + rng.normal(0, 0.05)
    direction = np.array([np.cos(angle), np.sin(angle)])
    middle = rng.uniform(0.1, 0.9, 2) * size
    start, end = middle - 1.1 * size * direction, middle + 1.1 * size * direction
    course = jagged_path(rng, start, end, rng.uniform(0.006, 0.02), rng.uniform(0.55, 0.68))
    main = widen_course(rng, course, width_px)
    return [
        main,
        *_grow_branches(rng, main, size, int(rng.integers(0, 3)), _draw_character(rng, width_px)),
    ]


def map_cracking(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """Map cracking of cells: the borders of a Voronoi division, some left out."""
    cell = rng.uniform(0.15, 0.45) * size
    grid = int(np.ceil(size / cell)) + 3
    centres = np.mgrid[0:grid, 0:grid].reshape(2, -1).T.astype(np.float64) - 1.0
    centres = (centres + rng.uniform(-0.42, 0.42, centres.shape)) * cell
    low, high = -3 * cell, size + 5 * cell
    division = cv2.Subdiv2D((int(low), int(low), int(high - low), int(high - low)))
    for x, y in centres:
        division.insert((float(x), float(y)))
    facets, _ = division.getVoronoiFacetList([])
    present = rng.uniform(0.45, 1.0)
    roughness = float(rng.uniform(0.45, 0.58))
    seen: set[tuple[int, ...]] = set()
    strands: Strands = []
    for facet in (np.asarray(corners, np.float64) for corners in facets):
        for a, b in zip(facet, np.roll(facet, -1, axis=0), strict=True):
            key = tuple(sorted((round(float(a @ (1, 1000))), round(float(b @ (1, 1000))))))
            outside = (max(a[0], b[0]) < 0 or min(a[0], b[0]) > size) or (
                max(a[1], b[1]) < 0 or min(a[1], b[1]) > size
            )
            if key in seen or outside or np.hypot(*(a - b)) > 6 * cell:
                continue
            seen.add(key)
            if rng.random() > present:
                continue
            width = max(0.5, width_px * float(rng.lognormal(-0.2, 0.4)))
            ends = (0.15 if rng.random() < 0.2 else 1.0, 0.15 if rng.random() < 0.2 else 1.0)
            course = jagged_path(rng, a, b, rng.uniform(0.05, 0.15), roughness)
            strands.append(widen_course(rng, course, width, taper=ends))
    return strands


def craze_plaster(rng: np.random.Generator, size: int, width_px: float) -> Strands:
    """Map cracking of plaster: each new crack runs until it meets an older one, at a T."""
    count = int(rng.integers(5, 22))
    character = float(rng.uniform(0.04, 0.1)), float(rng.uniform(0.45, 0.58))
    chords: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    courses: list[Points] = []
    strands: Strands = []
    lean = rng.uniform(0, np.pi)
    for number in range(count):
        seed = rng.uniform(-0.05, 1.05, 2) * size
        angle = lean + rng.integers(0, 2) * np.pi / 2 + rng.normal(0, 0.45)
        direction = np.array([np.cos(angle), np.sin(angle)])
        ends = []
        for way in (-direction, direction):
            stop = size * float(rng.uniform(0.15, 0.9 if number else 1.5))
            end = seed + stop * way
            for (a, b), course in zip(chords, courses, strict=True):
                side = b - a
                cross = way[0] * side[1] - way[1] * side[0]
                if abs(cross) < 1e-9:
                    continue
                gap = a - seed
                t = (gap[0] * side[1] - gap[1] * side[0]) / cross
                u = (gap[0] * way[1] - gap[1] * way[0]) / cross
                if 0.0 < t < stop and 0.0 <= u <= 1.0:
                    stop = t
                    end = course[round(u * (len(course) - 1))].astype(np.float64)
            ends.append(end)
        if np.hypot(*(ends[1] - ends[0])) < 0.06 * size:
            continue
        course = jagged_path(rng, ends[0], ends[1], *character)
        chords.append((ends[0], ends[1]))
        courses.append(course)
        width = max(0.5, width_px * float(rng.lognormal(-0.1, 0.3)) * 0.97**number)
        strands.append(widen_course(rng, course, width, rank=min(number, 1), taper=(0.5, 0.5)))
    return strands


FAMILIES: dict[str, tuple[float, Callable[[np.random.Generator, int, float], Strands]]] = {
    "single": (0.26, single_crack),
    "branched": (0.2, branched_crack),
    "interrupted": (0.1, interrupted_crack),
    "several": (0.12, several_cracks),
    "stepped": (0.05, stepped_crack),
    "straight": (0.09, straight_crack),
    "net": (0.08, map_cracking),
    "crazing": (0.1, craze_plaster),
}
"""Every family with its share of the cracks."""


def draw_width_px(rng: np.random.Generator, narrow_px: float, wide_px: float) -> float:
    """A main width between the two: a fifth are wide, the others about log-uniform."""
    share = rng.uniform(0.65, 1.0) if rng.random() < 0.2 else rng.beta(1.1, 1.3)
    return float(narrow_px * (wide_px / narrow_px) ** share)


def grow_cracks(
    rng: np.random.Generator, family: str, size: int, narrow_px: float, wide_px: float
) -> Strands:
    """Grow the strands of one picture of `size` pixels; they may reach beyond its border.

    Widths of main cracks lie between `narrow_px` and `wide_px`; nets keep to the thin half.
    """
    if family in ("net", "crazing"):
        wide_px = max(narrow_px, min(wide_px, 0.02 * size))
    return FAMILIES[family][1](rng, size, draw_width_px(rng, narrow_px, wide_px))
