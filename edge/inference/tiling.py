"""Cutting a large picture into equal, overlapping blocks so that the stitched map shows no cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Cut:
    """One block along one axis, in cells: run [start, start + size), keep [keep, keep_stop)."""

    start: int
    keep: int
    keep_stop: int


@dataclass(frozen=True)
class Block:
    """One block of a picture, in cells: where it starts, and which part of the map it gives."""

    row: Cut
    col: Cut


def cut_axis(length: int, size: int, margin: int) -> list[Cut]:
    """Cover `length` cells with blocks of `size` cells, the last one moved back to fit.

    A kept cell is at least `margin` cells away from every cut edge; the kept parts cover each
    cell exactly once. All blocks are alike in size, so one interpreter allocation serves all.

    Raises:
        ValueError: `size` leaves nothing to keep between two margins.
    """
    if length <= size:
        return [Cut(0, 0, length)]
    step = size - 2 * margin
    if step < 1:
        raise ValueError(f"blocks of {size} cells are all margin (2 x {margin})")
    count = -(-(length - 2 * margin) // step)
    found = []
    keep = 0
    for number in range(count):
        start = min(number * step, length - size)
        keep_stop = length if number == count - 1 else start + size - margin
        found.append(Cut(start, keep, keep_stop))
        keep = keep_stop
    return found


def block_size(rows: int, cols: int, budget: int, margin: int) -> tuple[int, int]:
    """Height and width in cells of the blocks for a picture, at most `budget` cells in area.

    A picture within the budget is one block; otherwise it is the size of which the blocks that are
    needed have the least area together: they fit the picture, for what overlaps by more than the
    margins is computed twice. They are never thinner than three margins, or a cell more than two
    where that is larger: a smaller budget than this is exceeded.
    """
    if rows * cols <= budget:
        return rows, cols
    least = max(3 * margin, 2 * margin + 1)
    best = min(rows, least), min(cols, least)
    least_cells: float = inf
    for height in _fitting(rows, margin, least):
        most = budget // height
        if most < min(cols, least):
            continue
        across = _count(cols, most, margin)
        width = max(_fitted(cols, across, margin), min(cols, least))
        cells = _count(rows, height, margin) * across * height * width
        if cells < least_cells:
            best, least_cells = (height, width), cells
    return best


def _count(length: int, size: int, margin: int) -> int:
    """How many blocks of a size cover a length."""
    return 1 if length <= size else -(-(length - 2 * margin) // (size - 2 * margin))


def _fitted(length: int, count: int, margin: int) -> int:
    """The least size at which `count` blocks cover a length."""
    return length if count == 1 else -(-(length - 2 * margin) // count) + 2 * margin


def _fitting(length: int, margin: int, least: int) -> Iterator[int]:
    """The sizes of one block, two blocks and so on, down to the least."""
    for count in range(1, length + 1):
        size = _fitted(length, count, margin)
        if size <= least:
            break
        yield size
    yield min(length, least)


def cut_blocks(rows: int, cols: int, size: tuple[int, int], margin: int) -> Iterator[Block]:
    """All blocks of a picture, row by row."""
    for row in cut_axis(rows, size[0], margin):
        for col in cut_axis(cols, size[1], margin):
            yield Block(row, col)
