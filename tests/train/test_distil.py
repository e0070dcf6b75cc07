"""A teacher's targets: mixed with what is known, alone where nothing is, and kept as they were."""

from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import CrackscanError
from crackscan.train.data.examples import Example
from crackscan.train.fitting.distillation import (
    PARAMETERS,
    Views,
    ViewSettings,
    keep_views,
    load_teacher,
    network_as_teacher,
    of_eight_turns,
    soften_targets,
)
from crackscan.train.network.crack_network import crack_network

TEACHER_SHARE = PARAMETERS.teacher_share

SIZE = 32


class Greys:
    """Pictures of one grey each; every third is not labelled."""

    def __len__(self) -> int:
        return 40

    def example(self, index: int, rng: np.random.Generator) -> Example:
        grey = int(rng.integers(40, 200))
        cells = np.full((2, 2), -1.0 if index % 3 == 0 else float(index % 3 == 1), np.float32)
        return Example(np.full((SIZE, SIZE, 3), grey, np.uint8), cells, float(cells[0, 0]))


def test_a_known_target_is_softened_and_an_unknown_one_is_the_teachers() -> None:
    hard = np.array([1.0, 0.0, -1.0], np.float32)
    taught = np.array([0.5, 0.5, 0.2], np.float32)
    np.testing.assert_allclose(
        soften_targets(hard, taught), [1 - TEACHER_SHARE / 2, TEACHER_SHARE / 2, 0.2]
    )


def test_views_hold_the_teachers_word_for_as_many_examples_as_asked_for(tmp_path: Path) -> None:
    teacher = crack_network("strided-96")
    seen: list[int] = []
    keep_views(
        tmp_path, [Greys()], ViewSettings(70, SIZE, 2, 0), network_as_teacher(teacher), seen.append
    )
    assert seen[-1] == 70
    views = Views(tmp_path, SIZE)
    assert len(views) == 70
    assert (views.patch >= 0).all()
    assert (views.patch <= 1).all()
    logits = np.asarray(teacher(views.rgb[:70], training=False))[..., 0]
    taught = 1 / (1 + np.exp(-logits))
    kept = views.cells[:].astype(np.float32)
    free = np.isclose(kept, taught, atol=2e-3)
    mixed = [
        np.isclose(kept, (1 - TEACHER_SHARE) * hard + TEACHER_SHARE * taught, atol=2e-3)
        for hard in (0, 1)
    ]
    assert (free | mixed[0] | mixed[1]).all()
    assert free.any()
    assert mixed[0].any()
    assert mixed[1].any()
    assert len({float(one.mean()) for one in views.rgb}) > 20  # not one batch again and again

    example = views.example(3, np.random.default_rng(0))
    assert example.rgb.shape == (SIZE, SIZE, 3)
    assert sorted(example.cells.ravel()) == pytest.approx(sorted(kept[3].ravel()))


def test_a_teacher_of_eight_turns_predicts_the_same_for_a_rotated_patch() -> None:
    def leaning(pictures: np.ndarray) -> np.ndarray:
        """Looks at the upper left pixel of each cell alone."""
        return pictures[:, ::16, ::16, 0].astype(np.float32)

    ask = of_eight_turns(leaning)
    square = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 3)).astype(np.uint8)
    predicted = ask(square)
    assert predicted.shape == (1, 2, 2)
    assert not np.allclose(predicted, leaning(square))
    for quarter in range(4):
        turned = np.rot90(square, quarter, (1, 2))
        np.testing.assert_allclose(ask(turned), np.rot90(predicted, quarter, (1, 2)))
        np.testing.assert_allclose(
            ask(turned[:, ::-1]), np.rot90(predicted, quarter, (1, 2))[:, ::-1]
        )


def test_a_shipped_model_can_teach() -> None:
    ask = load_teacher(Path(__file__).parents[2] / "models/crack-s.tflite")
    grey = np.full((2, SIZE, SIZE, 3), 120, np.uint8)
    predicted = ask(grey)
    assert predicted.shape == (2, 2, 2)
    assert (predicted < 0).all()


def test_a_part_of_a_view_has_its_cells_and_the_target_of_the_whole_only_without_a_crack(
    tmp_path: Path,
) -> None:
    keep_views(
        tmp_path,
        [Greys()],
        ViewSettings(40, SIZE, 2, 0),
        network_as_teacher(crack_network("strided-96")),
    )
    views = Views(tmp_path, SIZE // 2)
    views.patch = np.where(np.arange(40) < 20, 0.01, 0.7)
    for index in (3, 30):
        example = views.example(index, np.random.default_rng(1))
        assert example.rgb.shape == (SIZE // 2, SIZE // 2, 3)
        assert example.cells[0, 0] in views.cells[index].astype(np.float32)
        assert example.patch == (0.01 if index < 20 else -1.0)


def test_finished_views_are_kept_and_others_are_made_again(tmp_path: Path) -> None:
    teacher = network_as_teacher(crack_network("strided-96"))
    keep_views(tmp_path, [Greys()], ViewSettings(8, SIZE, 2, 0), teacher)
    before = (tmp_path / "rgb.npy").stat().st_mtime_ns
    keep_views(tmp_path, [Greys()], ViewSettings(8, SIZE, 2, 0), teacher)
    assert (tmp_path / "rgb.npy").stat().st_mtime_ns == before
    keep_views(tmp_path, [Greys()], ViewSettings(9, SIZE, 2, 0), teacher)
    assert len(Views(tmp_path, SIZE)) == 9


def test_a_run_without_a_network_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(CrackscanError, match="make it first"):
        load_teacher(tmp_path)
    with pytest.raises(CrackscanError, match="no finished examples"):
        Views(tmp_path, SIZE)
