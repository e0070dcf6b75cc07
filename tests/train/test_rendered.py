"""Squares cut from a pool of renderings, some of them so that a crack only enters."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.train.examples import CELL_PX
from crackscan.train.rendered import RIM_PX, Rendered


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Eight walls of 224 px with a dark line across each, which the masks mark, and one without."""
    rgb = np.full((9, 224, 224, 3), 160, np.uint8)
    mask = np.zeros((9, 224, 224), np.uint8)
    for number in range(8):
        ends = (10, 20 + 24 * number), (214, 200 - 20 * number)
        cv2.line(rgb[number], *ends, (40, 40, 40), 3)
        cv2.line(mask[number], *ends, (255,), 3)
    np.save(tmp_path / "rgb.npy", rgb)
    np.save(tmp_path / "mask.npy", mask)
    (tmp_path / "pool.json").write_text("{}")
    return tmp_path


def only_enter(source: Rendered) -> float:
    """Share of the cracked squares in whose middle no cell is cracked."""
    examples = [source.example(at, np.random.default_rng(at)) for at in range(300)]
    rim = RIM_PX // CELL_PX
    cracked = [one for one in examples if (one.cells == 1).any()]
    assert len(cracked) > 100
    return float(np.mean([not (one.cells[rim:-rim, rim:-rim] == 1).any() for one in cracked]))


def test_cracks_enter_squares_as_often_as_asked_for(pool: Path) -> None:
    never, half, always = (only_enter(Rendered(pool, 128, 300, share)) for share in (0, 0.5, 1))
    assert never < 0.3 < half < always and always > 0.6


def test_a_wall_without_a_crack_gives_squares_all_the_same(pool: Path) -> None:
    source = Rendered(pool, 128, 300, entering=1.0)
    examples = [source.example(at, np.random.default_rng(at)) for at in range(100)]
    assert any((one.cells == 0).all() and one.patch == 0 for one in examples)
    assert all(one.rgb.shape == (128, 128, 3) for one in examples)
