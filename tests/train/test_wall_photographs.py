"""Photographs of walls as training data: the split by photograph, and a teacher's targets."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.errors import DataError
from crackscan.train.data.examples import CELL_PX, Example
from crackscan.train.data.wall_photographs import (
    Degraded,
    MaskedWalls,
    TaughtViews,
    ask_in_three_views,
    crack_or_unknown,
    draw_views,
    none,
    photograph_of,
    split_scenes,
    split_walls,
)

SIDE = 96


def _write(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
    return path


@pytest.fixture(scope="module")
def walls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten photographs with masks, each with a sibling crop that has none."""
    folder = tmp_path_factory.mktemp("wall_cracks")
    rng = np.random.default_rng(0)
    for number in range(10):
        rgb = rng.integers(100, 200, (160, 208, 3), dtype=np.uint8)
        mask = np.zeros((160, 208), np.uint8)
        cv2.line(mask, (0, 20 + 10 * number), (207, 60), 255, 4)
        rgb[mask > 0] = 20
        _write(folder / f"images/wall_{number:04d}_0ZIzMNITef.png", rgb)
        _write(folder / f"masks/wall_{number:04d}_0ZIzMNITef.png", mask)
        _write(folder / f"unlabelled/wall_{number:04d}_1rU5ZGEees.png", rgb)
    return folder


def _dark_cells(rgb: np.ndarray) -> np.ndarray:
    """A teacher that takes dark cells for cracks: logits (rows, cols)."""
    rows, cols = (side // CELL_PX for side in rgb.shape[:2])
    cells = rgb[: rows * CELL_PX, : cols * CELL_PX, 0].reshape(rows, CELL_PX, cols, CELL_PX)
    return np.where(cells.min((1, 3)) < 60, 4.0, -4.0).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "photograph"),
    [
        ("20220816_181249_1rU5ZGEees.jpg", "20220816_181249"),
        ("20220820_132518.jpg", "20220820_132518"),
        ("wall_0187_0ZIzMNITef.jpg", "wall_0187"),
    ],
)
def test_the_crops_of_a_photograph_are_known_by_their_name(name: str, photograph: str) -> None:
    assert photograph_of(Path(name)) == photograph


def test_no_crop_of_a_held_out_photograph_is_trained_on(walls: Path) -> None:
    split = split_walls(walls)
    held_out = {photograph_of(picture) for picture, _ in split.development}
    trained = {photograph_of(picture) for picture, _ in split.masked}
    trained |= {photograph_of(picture) for picture in split.unlabelled}
    assert len(held_out) == 2
    assert not held_out & trained
    assert len(trained) == 8


def test_every_fourth_scene_is_held_out_and_doubtful_ones_are_left_out(tmp_path: Path) -> None:
    for number in range(8):
        _write(tmp_path / f"everyday-{number}.jpg", np.zeros((8, 8, 3), np.uint8))
    _write(tmp_path / "damp-wm-paint-001.jpg", np.zeros((8, 8, 3), np.uint8))
    trained, held_out = split_scenes(tmp_path)
    assert not set(trained) & set(held_out)
    assert "damp-wm-paint-001.jpg" not in {path.name for path in trained + held_out}
    assert len(trained) + len(held_out) == 8


def test_a_picture_without_its_mask_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "images/wall_0001.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(DataError, match="no masks/wall_0001"):
        split_walls(tmp_path)


def test_squares_of_masked_walls_mostly_show_the_crack(walls: Path) -> None:
    source = MaskedWalls(split_walls(walls).masked, SIDE, 60)
    rng = np.random.default_rng(3)
    examples = [source.example(number, rng) for number in range(len(source))]
    assert sum((one.cells == 1).any() for one in examples) > 0.8 * len(examples)
    for one in examples:
        assert one.rgb.shape == (SIDE, SIDE, 3)
        for (row, col), target in np.ndenumerate(one.cells):
            cell = one.rgb[row * CELL_PX :, col * CELL_PX :][:CELL_PX, :CELL_PX]
            if target == 1:
                assert cell.min() < np.median(one.rgb)


def test_targets_lie_where_the_teacher_saw_the_crack(walls: Path) -> None:
    paths = split_walls(walls).unlabelled
    pictures = [cv2.imread(str(path)) for path in paths]
    views = draw_views(pictures, _dark_cells, 2, (0.8, 1.5), 1.0, 0, SIDE)
    assert len(views) == 2 * len(pictures)
    source = TaughtViews(pictures, views, crack_or_unknown, 0.9, SIDE, 40)
    rng = np.random.default_rng(5)
    marked = [source.example(number, rng) for number in range(len(source))]
    dark, bright = [], []
    for one in marked:
        for (row, col), target in np.ndenumerate(one.cells):
            cell = one.rgb[row * CELL_PX :, col * CELL_PX :][:CELL_PX, :CELL_PX]
            (dark if target == 1 else bright).append(int(cell.min()))
    assert np.mean(dark) + 40 < np.mean(bright)


def test_negatives_have_no_crack_whatever_the_teacher_says(walls: Path) -> None:
    pictures = [cv2.imread(str(path)) for path in split_walls(walls).unlabelled[:2]]
    views = draw_views(pictures, _dark_cells, 1, (1.0, 1.0), 1.0, 0, SIDE)
    source = TaughtViews(pictures, views, none, 0.5, SIDE, 4)
    assert all((source.example(i, np.random.default_rng(i)).cells == 0).all() for i in range(4))


def test_three_views_of_a_symmetric_teacher_agree_with_one() -> None:
    rgb = np.full((SIDE, SIDE, 3), 150, np.uint8)
    rgb[:, :40] = 0
    asked = ask_in_three_views(_dark_cells)(rgb)
    assert asked.shape == (SIDE // CELL_PX, SIDE // CELL_PX)
    assert (asked[:, :2] > 3).all()
    assert (asked[:, 4:] < -3).all()


def test_targets_between_the_thresholds_are_unknown() -> None:
    targets = crack_or_unknown(np.array([[0.0, 0.07, 0.08, 0.3, 0.45, 1.0]], np.float32))
    assert targets.tolist() == [[0, 0, -1, -1, 1, 1]]


def test_degradation_keeps_size_and_targets() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    kept = Example(rgb, np.ones((6, 6), np.float32), 1.0)

    class One:
        def __len__(self) -> int:
            return 1

        def example(self, index: int, rng: np.random.Generator) -> Example:  # noqa: ARG002
            return kept

    source = Degraded(One())
    made = [source.example(0, np.random.default_rng(seed)) for seed in range(20)]
    assert all(one.rgb.shape == rgb.shape and one.rgb.dtype == np.uint8 for one in made)
    assert all((one.cells == 1).all() for one in made)
    assert any((one.rgb != rgb).any() for one in made)
