"""A picture becomes the same crack map however it is cut; a file that is not a model is refused."""

import shutil
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import ModelError
from crackscan.core.model_card import MEMBER, read_card
from crackscan.core.pictures import RGB, read_picture
from crackscan.core.pooling import sigmoid, strongest_patch, top_k_mean
from crackscan.edge.inference.model import MIN_PX, Model, find_model, shipped_models
from crackscan.edge.inference.runtime import default_threads

SAMPLES = Path(__file__).parents[3] / "samples"
SMALLEST_BLOCKS = 1


@pytest.fixture(scope="module")
def tiny(untrained: Path) -> Model:
    return Model.load(untrained / "tiny.tflite", threads=1)


@pytest.fixture(autouse=True)
def whole_frames(tiny: Model) -> None:
    tiny.block_budget_px = 4096 * 4096


def wall(height: int, width: int) -> RGB:
    """The upper left of a photograph, continued by mirroring where it is too small."""
    rgb = read_picture(SAMPLES / "cracked-render.jpg")
    missing = [
        (0, max(want - have, 0)) for want, have in zip((height, width), rgb.shape[:2], strict=True)
    ]
    return np.pad(rgb, (*missing, (0, 0)), mode="symmetric")[:height, :width]


def cut(model: Model, rgb: RGB, budget_px: int) -> np.ndarray:
    model.block_budget_px = budget_px
    return model.crack_map(rgb)


@pytest.mark.parametrize(
    ("height", "width"), [(517, 389), (640, 480), (300, 705), (293, 704), (640, 200)]
)
@pytest.mark.parametrize("budget_px", [SMALLEST_BLOCKS, 320 * 320, 400 * 352])
def test_the_stitched_map_does_not_depend_on_the_cut(
    tiny: Model, height: int, width: int, budget_px: int
) -> None:
    rgb = wall(height, width)
    assert rgb.shape[:2] == (height, width)
    whole = tiny.crack_map(rgb)
    assert len(np.unique(whole)) > 30, "a flat map would be equal however it is cut"
    np.testing.assert_array_equal(cut(tiny, rgb, budget_px), whole)


def test_without_its_margin_the_cut_would_show(untrained: Path) -> None:
    model = Model.load(untrained / "no-margin.tflite", threads=1)
    rgb = wall(640, 480)
    whole = model.crack_map(rgb)
    assert (cut(model, rgb, 320 * 320) != whole).any()


@pytest.mark.parametrize("height", [32, 33, 47, 48, 227])
@pytest.mark.parametrize("width", [32, 63, 64, 130])
def test_no_border_is_dropped(tiny: Model, height: int, width: int) -> None:
    found = tiny.crack_map(wall(height, width))
    assert found.shape == (-(-height // 16), -(-width // 16))
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("last", [np.s_[-5:, :], np.s_[:, -5:]])
def test_what_lies_in_the_last_pixels_reaches_the_last_cells(
    tiny: Model, last: tuple[slice, slice]
) -> None:
    black, white = wall(517, 389).copy(), wall(517, 389).copy()
    black[last], white[last] = 0, 255
    differ = tiny.crack_map(black) != tiny.crack_map(white)
    assert differ[-1].any() or differ[:, -1].any()
    margin = -(-tiny.card.margin_px // 16)
    assert not differ[: -margin - 1, : -margin - 1].any()


def test_a_patch_is_its_pooled_map(tiny: Model) -> None:
    rgb = wall(224, 224)
    cells = tiny.crack_map(rgb).astype(np.float64)
    logits = np.log(cells / (1 - cells)) * tiny.card.temperature
    highest = np.sort(logits, axis=None)[-tiny.card.pooling.k :]
    expected = 1 / (1 + np.exp(-highest.mean() / tiny.card.temperature))
    assert tiny.patch_probability(rgb) == pytest.approx(expected, abs=1e-5)
    assert tiny.picture_probability(rgb) == pytest.approx(expected, abs=1e-5)


def test_a_photograph_is_as_cracked_as_its_worst_patch(tiny: Model) -> None:
    rgb = wall(640, 480)
    logits = tiny.logits(rgb)
    windows = [
        top_k_mean(logits[top : top + 14, left : left + 14], tiny.card.pooling.k)
        for top in (*range(0, 26, 7), 26)
        for left in (*range(0, 16, 7), 16)
    ]
    expected = float(sigmoid(np.array(max(windows) / tiny.card.temperature, np.float32)))
    assert strongest_patch(logits, tiny.card.pooling.k, 14) == max(windows)
    assert tiny.picture_probability(rgb) == pytest.approx(expected, abs=1e-6)


def test_red_and_blue_are_not_mixed_up(tiny: Model) -> None:
    red, blue = np.zeros((2, 64, 64, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    np.testing.assert_array_equal(tiny.crack_map(red), tiny.crack_map(blue[..., ::-1]))
    assert (tiny.crack_map(red) != tiny.crack_map(blue)).any()


def test_a_mirrored_view_is_read_as_it_is_seen(tiny: Model) -> None:
    rgb = wall(320, 320)
    np.testing.assert_array_equal(
        tiny.crack_map(rgb[:, ::-1]), tiny.crack_map(np.ascontiguousarray(rgb[:, ::-1]))
    )


def test_one_model_serves_several_threads(tiny: Model) -> None:
    pictures = [wall(64 + 16 * number, 96) for number in range(4)]
    expected = [tiny.crack_map(rgb) for rgb in pictures]
    wrong: list[int] = []

    def look(number: int) -> None:
        for _ in range(10):
            if not np.array_equal(tiny.crack_map(pictures[number]), expected[number]):
                wrong.append(number)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_change_the_speed_and_not_the_map(untrained: Path, tiny: Model) -> None:
    two = Model.load(untrained / "tiny.tflite", threads=2)
    assert two.threads == 2
    assert Model.load(untrained / "tiny.tflite").threads == default_threads()
    np.testing.assert_array_equal(two.crack_map(wall(200, 200)), tiny.crack_map(wall(200, 200)))
    with pytest.raises(ModelError, match="at least 1, not 0"):
        Model.load(untrained / "tiny.tflite", threads=0)


@pytest.mark.parametrize(
    ("rgb", "reason"),
    [
        (np.zeros((64, 64, 3), np.float32), r"not float32 \(64, 64, 3\)"),
        (np.zeros((64, 64), np.uint8), r"not uint8 \(64, 64\)"),
        (np.zeros((64, 64, 4), np.uint8), r"not uint8 \(64, 64, 4\)"),
        ("wall.jpg", "not str"),
        (np.zeros((MIN_PX - 1, 64, 3), np.uint8), "at least 32 x 32 px"),
    ],
)
def test_only_pictures_are_taken(tiny: Model, rgb: RGB, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        tiny.crack_map(rgb)


def test_the_shipped_model_is_the_default() -> None:
    model = Model.load(threads=1)
    assert model.card.name == "crack-s"
    assert 0 < model.card.threshold < 1
    assert model.path == find_model("crack-s")
    assert "crack-s" in shipped_models()
    assert model.path.stat().st_size <= 500_000
    assert model.patch_probability(read_picture(SAMPLES / "cracked-patch-upright.jpg")) > 0.5
    assert model.patch_probability(read_picture(SAMPLES / "intact-patch-grey.jpg")) < 0.5


def test_the_shipped_margin_hides_every_cut() -> None:
    model = Model.load(threads=1)
    rgb = wall(517, 1000)
    whole = model.crack_map(rgb)
    np.testing.assert_array_equal(cut(model, rgb, SMALLEST_BLOCKS), whole)


def write_text(file: Path, model: Path) -> None:  # noqa: ARG001
    file.write_text("this is not a model, whatever its name says\n" * 100)


def write_nothing(file: Path, model: Path) -> None:  # noqa: ARG001
    file.touch()


def write_half(file: Path, model: Path) -> None:
    data = model.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def write_without_card(file: Path, model: Path) -> None:
    file.write_bytes((model.parent / "float.tflite").read_bytes())


def write_float(file: Path, model: Path) -> None:
    file.write_bytes((model.parent / "float-with-card.tflite").read_bytes())


def write_with_card(file: Path, model: Path, text: str) -> None:
    data = model.read_bytes()
    with zipfile.ZipFile(model) as archive:
        start = min(one.header_offset for one in archive.infolist())
    file.write_bytes(data[:start])
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(MEMBER, text)


def write_broken_card(file: Path, model: Path) -> None:
    write_with_card(file, model, "{ no JSON")


def write_list_for_a_card(file: Path, model: Path) -> None:
    write_with_card(file, model, "[]")


def write_incomplete_card(file: Path, model: Path) -> None:
    write_with_card(file, model, read_card(model).to_json().replace('"pooling"', '"poling"'))


def write_card_without_default(file: Path, model: Path) -> None:
    write_with_card(file, model, read_card(model).to_json().replace('"default"', '"usual"'))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (None, "there is no model file"),
        (write_text, "is not a TFLite model"),
        (write_nothing, "is not a TFLite model"),
        (write_half, "carries no crackscan card, or was cut short"),
        (write_without_card, "carries no crackscan card.*crackscan-convert quantize"),
        (write_float, "is a float model; make it int8: crackscan-convert quantize"),
        (write_broken_card, "carries a broken card"),
        (write_list_for_a_card, "carries a broken card: a card is a JSON object"),
        (write_incomplete_card, "carries a broken card: 'pooling'"),
        (write_card_without_default, "carries a broken card: no 'default' operating point"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_line(
    untrained: Path, tmp_path: Path, write: object, reason: str
) -> None:
    file = tmp_path / "model.tflite"
    if callable(write):
        write(file, untrained / "tiny.tflite")
    with pytest.raises(ModelError, match=reason) as refused:
        Model.load(file)
    assert "\n" not in str(refused.value)
    assert str(file) in str(refused.value)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(
        ModelError, match=r"there is no model 'crack-xl'; shipped: .*crack-s"
    ) as one:
        Model.load("crack-xl")
    assert "\n" not in str(one.value)


def test_a_card_moves_with_its_file(untrained: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copy(untrained / "tiny.tflite", tmp_path / "renamed.tflite"))
    assert Model.load(moved).card == read_card(untrained / "tiny.tflite")
    assert Model.load(moved).card.operating_point("high-recall").patch == 0.2
    with pytest.raises(ModelError, match="no operating point 'night'; it has: default, high"):
        Model.load(moved).card.operating_point("night")
