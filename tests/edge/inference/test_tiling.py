"""Blocks cover a picture once, alike in size, and keep nothing near a cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.edge.inference.tiling import Cut, block_size, cut_axis, cut_blocks


@pytest.mark.parametrize(
    ("length", "size", "margin", "expected"),
    [
        (10, 10, 3, [(0, 0, 10)]),
        (9, 10, 3, [(0, 0, 9)]),
        (11, 10, 3, [(0, 0, 7), (1, 7, 11)]),
        (14, 10, 3, [(0, 0, 7), (4, 7, 14)]),
        (15, 10, 3, [(0, 0, 7), (4, 7, 11), (5, 11, 15)]),
        (20, 10, 0, [(0, 0, 10), (10, 10, 20)]),
        (21, 10, 0, [(0, 0, 10), (10, 10, 20), (11, 20, 21)]),
        (5, 3, 1, [(0, 0, 2), (1, 2, 3), (2, 3, 5)]),
        (1, 10, 4, [(0, 0, 1)]),
    ],
)
def test_cuts_of_a_length(
    length: int, size: int, margin: int, expected: list[tuple[int, int, int]]
) -> None:
    assert cut_axis(length, size, margin) == [Cut(*one) for one in expected]


@given(st.integers(1, 300), st.integers(1, 60), st.integers(0, 20))
def test_each_cell_is_kept_once_and_far_from_every_cut(length: int, size: int, margin: int) -> None:
    size = max(size, 2 * margin + 1)
    found = cut_axis(length, size, margin)
    kept = [cell for cut in found for cell in range(cut.keep, cut.keep_stop)]
    assert kept == list(range(length))
    run = min(size, length)
    for cut in found:
        assert 0 <= cut.start <= length - run, "a block reaches outside the picture"
        assert cut.keep < cut.keep_stop, "a block is run for nothing"
        assert cut.start == 0 or cut.keep - cut.start >= margin
        assert cut.start + run == length or cut.start + run - cut.keep_stop >= margin


@pytest.mark.parametrize(("size", "margin"), [(6, 3), (2, 1), (5, 3)])
def test_blocks_that_are_all_margin_are_refused(size: int, margin: int) -> None:
    with pytest.raises(ValueError, match="all margin"):
        cut_axis(50, size, margin)


@given(st.integers(2, 400), st.integers(2, 400), st.integers(0, 200_000), st.integers(0, 12))
def test_blocks_stay_within_the_budget_that_the_margin_allows(
    rows: int, cols: int, budget: int, margin: int
) -> None:
    height, width = block_size(rows, cols, budget, margin)
    assert height <= rows and width <= cols
    least = max(3 * margin, 2 * margin + 1)
    assert height * width <= max(budget, least * least)
    if rows * cols <= budget:
        assert (height, width) == (rows, cols)
    cells = sum(
        (block.row.keep_stop - block.row.keep) * (block.col.keep_stop - block.col.keep)
        for block in cut_blocks(rows, cols, (height, width), margin)
    )
    assert cells == rows * cols


@pytest.mark.parametrize(
    ("rows", "cols", "share"), [(188, 250, 1.2), (375, 500, 1.3), (68, 120, 1.0), (97, 97, 1.2)]
)
def test_blocks_fit_a_picture(rows: int, cols: int, share: float) -> None:
    """Photographs of 12 and 48 megapixels, a film's frame, and one that just exceeds the budget."""
    height, width = block_size(rows, cols, budget=96 * 96, margin=6)
    number = len(list(cut_blocks(rows, cols, (height, width), margin=6)))
    assert number * height * width <= share * rows * cols


@given(st.integers(20, 300), st.integers(20, 300), st.integers(600, 9000), st.integers(0, 6))
def test_no_other_number_of_rows_computes_less(
    rows: int, cols: int, budget: int, margin: int
) -> None:
    def cells(size: tuple[int, int]) -> int:
        return size[0] * size[1] * len(list(cut_blocks(rows, cols, size, margin)))

    chosen = cells(block_size(rows, cols, budget, margin))
    least = max(3 * margin, 2 * margin + 1)
    for height in range(least, rows + 1):
        width = min(budget // height, cols)
        if width >= min(least, cols) and height * width <= budget:
            fitted = cols if width == cols else width
            assert chosen <= cells((height, fitted)), (height, fitted)
