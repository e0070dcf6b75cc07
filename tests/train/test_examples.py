"""Examples keep picture and target together; an epoch depends on its seed and number alone."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.cells import CELL_PX
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.train.data.examples import (
    UNKNOWN,
    Example,
    cells_of_mask,
    count_batches,
    crop_patch,
    draw_batches,
    patch_of_cells,
    turn_square,
    vary_light,
)
from crackscan.train.data.labelled_patches import LabelledPatches, MaskedPhotographs
from crackscan.train.data.photographs import CloseUps, OtherPictures

SAMPLES = Path(__file__).parents[2] / "samples"
CRACKED = sorted(SAMPLES.glob("patches/positive/*"))
INTACT = sorted(SAMPLES.glob("patches/negative/*"))


def masked(mask: np.ndarray) -> np.ndarray:
    """A picture that is red where its mask is white."""
    return np.dstack([mask, np.full_like(mask, 90), np.full_like(mask, 90)])


def shares_of_red(rgb: np.ndarray) -> np.ndarray:
    rows, cols = rgb.shape[0] // CELL_PX, rgb.shape[1] // CELL_PX
    red = (rgb[..., 0] > 127).reshape(rows, CELL_PX, cols, CELL_PX).sum((1, 3))
    return np.where(red >= 4, 1.0, np.where(red > 0, UNKNOWN, 0.0))


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_a_turn_moves_picture_and_cells_alike(seed: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    mask = (rng.random((cells * 16, cells * 16)) < 0.01).astype(np.uint8) * 255
    rgb, targets = turn_square(masked(mask), cells_of_mask(mask), rng)
    np.testing.assert_array_equal(targets, shares_of_red(rgb))
    assert rgb.flags.c_contiguous and targets.flags.c_contiguous


def test_all_eight_turns_occur() -> None:
    corner = np.zeros((32, 32), np.uint8)
    corner[0, 1:9] = 255
    seen = {
        turn_square(masked(corner), cells_of_mask(corner), np.random.default_rng(seed))[0].tobytes()
        for seed in range(100)
    }
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("pixels", "target"), [(0, 0.0), (1, UNKNOWN), (3, UNKNOWN), (4, 1.0), (256, 1.0)]
)
def test_crack_pixels_make_a_cell(pixels: int, target: float) -> None:
    mask = np.zeros((16, 16), np.uint8)
    mask.flat[:pixels] = 255
    assert cells_of_mask(mask) == target


def test_what_is_to_be_ignored_is_not_known() -> None:
    mask, ignore = np.zeros((2, 32, 32), np.uint8)
    mask[:16, :16] = 255
    ignore[8, 20] = ignore[8, 3] = 255
    np.testing.assert_array_equal(cells_of_mask(mask, ignore), [[-1, -1], [0, 0]])


@pytest.mark.parametrize(
    ("cells", "patch"),
    [
        ([0, 0, 0, 0], 0.0),
        ([1, 1, 0, 0], 1.0),
        ([1, 1, -1, 0], 1.0),
        ([1, 0, 0, 0], UNKNOWN),
        ([-1, 0, 0, 0], UNKNOWN),
    ],
)
def test_a_patch_follows_from_its_cells(cells: list[float], patch: float) -> None:
    assert patch_of_cells(np.array(cells, np.float32).reshape(2, 2)) == patch


@pytest.mark.parametrize("shape", [(227, 227), (96, 300), (40, 50), (64, 64)])
def test_a_crop_is_a_square_of_the_size(shape: tuple[int, int]) -> None:
    rgb = read_picture(CRACKED[0])[: shape[0], : shape[1]]
    rgb = cv2.resize(rgb, shape[::-1]).astype(np.uint8)
    assert crop_patch(rgb, 64, np.random.default_rng(0)).shape == (64, 64, 3)


def test_light_changes_every_pixel_by_one_rule() -> None:
    rgb = read_picture(CRACKED[0])
    for seed in range(20):
        lit = vary_light(rgb, np.random.default_rng(seed))
        assert lit.dtype == np.uint8 and lit.shape == rgb.shape
        for channel in range(3):
            order = np.argsort(rgb[..., channel], axis=None)
            assert (np.diff(lit[..., channel].ravel()[order].astype(int)) >= 0).all()


def test_a_crack_is_not_cut_off_a_large_patch(tmp_path: Path) -> None:
    rgb = np.full((400, 400, 3), 200, np.uint8)
    rgb[:, 190:230] = 0
    rgb[:40, :, :] = 0
    write_picture(tmp_path / "crack.png", rgb)
    source = LabelledPatches([tmp_path / "crack.png"], [True], 64)
    for seed in range(10):
        drawn = source.example(0, np.random.default_rng(seed)).rgb
        share = (drawn.max(axis=2) < 128).mean()
        assert share == pytest.approx(0.19, abs=0.06), "another part of the patch was drawn"


@pytest.fixture(scope="module")
def sources() -> list[LabelledPatches]:
    return [
        LabelledPatches(CRACKED[:11], [True] * 11, 64),
        LabelledPatches(INTACT[:8], [False] * 8, 64),
    ]


def drawn(sources: list[LabelledPatches], seed: int, epoch: int) -> list[bytes]:
    return [
        b"".join(part.tobytes() for part in one) for one in draw_batches(sources, 5, seed, epoch)
    ]


def test_the_batches_of_an_epoch_depend_on_seed_and_epoch_alone(
    sources: list[LabelledPatches],
) -> None:
    first = drawn(sources, seed=3, epoch=2)
    np.random.default_rng().random()
    drawn(sources, seed=3, epoch=1)
    assert drawn(sources, seed=3, epoch=2) == first
    assert drawn(sources, seed=3, epoch=3) != first
    assert drawn(sources, seed=4, epoch=2) != first


@pytest.mark.parametrize(
    ("batch", "rest", "sizes"),
    [
        (5, False, [5, 5, 5]),
        (5, True, [5, 5, 5, 4]),
        (19, False, [19]),
        (19, True, [19]),
        (50, False, [19]),
        (50, True, [19]),
    ],
)
def test_an_epoch_shows_each_example_at_most_once(
    sources: list[LabelledPatches], batch: int, rest: bool, sizes: list[int]
) -> None:
    found = list(draw_batches(sources, batch, 0, 0, rest))
    assert [len(rgb) for rgb, _, _ in found] == sizes
    assert count_batches(sources, batch, rest) == len(sizes)
    rgb, cells, patch = found[0]
    assert rgb.shape[1:] == (64, 64, 3) and rgb.dtype == np.uint8
    assert cells.shape[1:] == (4, 4, 1) and cells.dtype == np.float32
    assert patch.shape[1:] == (1,)
    labels = np.concatenate([patch.ravel() for _, _, patch in found])
    if sum(sizes) == 19:
        assert (labels == 1).sum() == 11 and (labels == 0).sum() == 8


def test_cells_of_a_cracked_patch_are_not_known_and_of_an_intact_one_are(
    sources: list[LabelledPatches],
) -> None:
    rng = np.random.default_rng(0)
    assert (sources[0].example(0, rng).cells == UNKNOWN).all()
    assert (sources[1].example(0, rng).cells == 0).all()


def test_validation_patches_do_not_vary() -> None:
    source = LabelledPatches(CRACKED[:2], [True, True], 64, vary=False)
    first, second = (source.example(1, np.random.default_rng(seed)) for seed in (0, 1))
    np.testing.assert_array_equal(first.rgb, second.rgb)


@pytest.fixture
def photograph(tmp_path: Path) -> tuple[Path, Path]:
    """200x300 with a red line that its mask marks."""
    mask = np.zeros((200, 300), np.uint8)
    cv2.line(mask, (20, 20), (150, 180), (255,), 3)
    write_picture(tmp_path / "wall.png", masked(mask))
    write_picture(tmp_path / "mask.png", np.repeat(mask[..., None], 3, axis=2))
    return tmp_path / "wall.png", tmp_path / "mask.png"


def agrees(one: Example) -> bool:
    """Whether the cells are where the red is; the light does not turn 0 into 128."""
    red = one.rgb[..., 0].astype(int) - one.rgb[..., 1] > 20
    counts = red.reshape(one.cells.shape[0], 16, one.cells.shape[1], 16).sum((1, 3))
    return bool(
        ((counts >= 4) == (one.cells == 1)).all() and ((counts == 0) == (one.cells == 0)).all()
    )


def test_squares_of_a_photograph_carry_their_part_of_the_mask(
    photograph: tuple[Path, Path],
) -> None:
    source = MaskedPhotographs([photograph], 64)
    assert len(source) == 8
    rng = np.random.default_rng(0)
    examples = [source.example(index, rng) for index in range(40)]
    assert all(one.rgb.shape == (64, 64, 3) and agrees(one) for one in examples)
    around = [one.cells.max() for one in examples[1::2]]
    assert np.mean(around) > 0.7, "half of the squares are cut around a crack"
    assert {one.patch for one in examples} >= {0.0, 1.0}


def test_close_ups_of_a_crack_know_where_it_is() -> None:
    source = CloseUps(CRACKED, [True] * len(CRACKED), 192, 500)
    assert len(source) == 500
    examples = [source.example(0, np.random.default_rng(seed)) for seed in range(30)]
    assert all(one.patch != 0 for one in examples)
    known = [one for one in examples if (one.cells == 1).any()]
    assert len(known) > 20
    for one in known:
        cracked = one.cells == 1
        grey = one.rgb.mean(axis=2).reshape(12, 16, 12, 16).min((1, 3))
        if (one.cells == 0).any():
            assert grey[cracked].mean() < grey[one.cells == 0].mean()


def test_other_pictures_show_no_crack() -> None:
    source = OtherPictures([SAMPLES / "intact-rusty-roof.jpg"], 96, 3)
    for seed in range(5):
        one = source.example(0, np.random.default_rng(seed))
        assert one.rgb.shape == (96, 96, 3)
        assert (one.cells == 0).all() and one.patch == 0
