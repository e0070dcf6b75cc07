"""A model is judged on a folder: the same figures for Keras and int8, a page, a JSON document."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.command_line import run_command
from crackscan.core.dataset.selection import Label
from crackscan.core.dataset.split_file import write_split
from crackscan.core.model_card import Card, OperatingPoint, Pooling, append_card
from crackscan.core.pictures import read_picture
from crackscan.edge.inference.model import Model
from crackscan.train.cli import crackscan_train
from crackscan.train.data.split import split_folder
from crackscan.train.evaluate.measure import measure_patches
from crackscan.train.evaluate.page import format_percent, format_share
from crackscan.train.evaluate.predict import load_scorer, score_pictures

CARD = Card(
    name="tiny",
    version="1",
    backbone="dark",
    cell_px=16,
    patch_px=80,
    margin_px=16,
    pooling=Pooling(3),
    temperature=1.5,
    operating_points={
        "default": OperatingPoint(0.5, 0.4),
        "high-recall": OperatingPoint(0.2, 0.2),
    },
    scale="test",
)


def _wall(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.clip(random.normal(170, 8, (height, width, 3)), 0, 255).astype(np.uint8)


def _crack(rgb: np.ndarray, grey: int, x: int, thickness: int = 5) -> np.ndarray:
    height = rgb.shape[0]
    bend = np.array([[x, 0], [x + 12, height // 2], [x + 4, height - 1]])
    return cv2.polylines(rgb.copy(), [bend], False, (grey,) * 3, thickness)


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1] if picture.ndim == 3 else picture)


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    """25 dark and 5 faint cracks; 27 plain walls and 3 with a dark blot; one file cut short."""
    root = tmp_path_factory.mktemp("data") / "patches"
    random = np.random.default_rng(0)
    for i in range(30):
        wall = _wall(random, 80, 72)
        grey = 160 if i < 5 else int(random.integers(20, 90))
        _write(root / f"Crack/{i:02}.png", _crack(wall, grey, int(random.integers(10, 50))))
        wall = _wall(random, 80, 72)
        if i < 3:
            cv2.circle(wall, (int(random.integers(20, 50)), 40), 20, (30, 30, 30), -1)
        _write(root / f"NoCrack/{i:02}.png", wall)
    whole = (root / "Crack/07.png").read_bytes()
    (root / "Crack/cut.png").write_bytes(whole[: len(whole) // 2])
    return root


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Three photographs of 300x270 with a thick crack in the left half, and their masks."""
    root = tmp_path_factory.mktemp("data") / "photographs"
    random = np.random.default_rng(1)
    for i in range(3):
        wall, black = _wall(random, 300, 270), np.zeros((300, 270, 3), np.uint8)
        x = 30 + 20 * i
        _write(root / f"images/{i}.png", _crack(wall, 25, x, 7))
        _write(root / f"masks/{i}.png", _crack(black, 255, x, 7)[..., 0])
    return root


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A network that answers to dark lines, as `run/model.keras` and as `tiny.tflite`."""
    import keras

    from crackscan.convert.tflite import to_int8

    folder = tmp_path_factory.mktemp("models")
    picture = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(-1 / 255, offset=1)(picture)
    x = keras.layers.Conv2D(2, 3, 2, "same", activation="relu", name="blur")(x)
    x = keras.layers.MaxPooling2D(8)(x)
    network = keras.Model(picture, keras.layers.Conv2D(1, 1, name="logit")(x))
    blur = np.full((3, 3, 3, 2), 1 / 27, np.float32)
    network.get_layer("blur").set_weights([blur, np.zeros(2, np.float32)])
    gain = np.array([9.0, 9.0], np.float32).reshape(1, 1, 2, 1)
    network.get_layer("logit").set_weights([gain, np.array([-9.0], np.float32)])
    (folder / "run").mkdir()
    network.save(folder / "run/model.keras")
    (folder / "run/card.json").write_text(CARD.to_json())
    random = np.random.default_rng(2)
    pictures = [_crack(_wall(random, 192, 192), 10 + 30 * i, 40 * i, 12) for i in range(4)]
    append_card(to_int8(network, pictures), CARD, folder / "tiny.tflite")
    return folder


def evaluate(*arguments) -> int:
    """Run the command as a program does; gives its exit code."""
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan_train, ["evaluate", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def documents(models, patches, photographs, tmp_path_factory):
    """evaluation.json and the page of both models on both folders."""
    out = tmp_path_factory.mktemp("out")
    found = {}
    for model in ("run", "tiny.tflite"):
        for data in (patches, photographs):
            here = out / model / data.name
            assert evaluate(models / model, data, "--out", here) == 0
            document = json.loads((here / "evaluation.json").read_text())
            page = (here / "evaluation.html").read_text()
            found[model, data.name] = (document, page)
    return found


@pytest.mark.parametrize("model", ["run", "tiny.tflite"])
def test_counts_of_a_folder_of_patches(documents, model):
    document, _ = documents[model, "patches"]
    data, counts = document["data"], document["patch"]["confusion"]
    assert (data["pictures"], data["patches"], data["cracks"], data["crack_free"]) == (
        60,
        60,
        30,
        30,
    )
    assert [each["path"] for each in data["skipped"]] == ["Crack/cut.png"]
    assert (data["side"], data["split"]) == ("all", "")
    assert counts == {"hits": 25, "missed": 5, "false_alarms": 3, "clear": 27}
    assert document["patch"]["recall"] == pytest.approx(25 / 30)
    assert document["patch"]["false_alarm_rate"] == pytest.approx(0.1)
    assert document["cells"] is None


@pytest.mark.parametrize("model", ["run", "tiny.tflite"])
def test_the_surest_errors_are_the_ones_that_were_planted(documents, model):
    worst = documents[model, "patches"][0]["worst"]
    assert {each["name"] for each in worst["missed"]} == {f"Crack/{i:02}.png" for i in range(5)}
    assert {e["name"] for e in worst["false_alarms"]} == {f"NoCrack/{i:02}.png" for i in range(3)}
    stated = [each["probability"] for each in worst["false_alarms"]]
    assert stated == sorted(stated, reverse=True)
    assert min(stated) >= 0.5


def test_int8_and_float_agree(documents):
    for data in ("patches", "photographs"):
        float_, int8 = (documents[model, data][0] for model in ("run", "tiny.tflite"))
        assert float_["patch"]["auroc"] == pytest.approx(int8["patch"]["auroc"], abs=0.02)
        assert float_["patch"]["ece"] == pytest.approx(int8["patch"]["ece"], abs=0.05)
        assert float_["patch"]["confusion"] == int8["patch"]["confusion"]


@pytest.mark.parametrize("model", ["run", "tiny.tflite"])
def test_photographs_are_judged_by_squares_and_by_cells(documents, model):
    document, page = documents[model, "photographs"]
    data, cells = document["data"], document["cells"]
    # 300x270 holds 2 x 2 squares of 128 px; the crack runs through the left two
    assert (data["patches"], data["cracks"], data["left_out"]) == (12, 6, 0)
    assert cells["photographs"] == 3
    assert cells["cells"] == 3 * 19 * 17
    assert cells["operating_points"]["default"]["recall"] == 1
    assert cells["operating_points"]["default"]["f1"] > 0.95
    assert "Marking (cell F1)" in page


@pytest.mark.parametrize("model", ["run/model.keras", "tiny.tflite"])
def test_patch_probability_is_the_top_k_mean_over_the_temperature(models, patches, model):
    scorer = load_scorer(models / model)
    names = ("Crack/09.png", "NoCrack/01.png")
    pictures = [read_picture(patches / name) for name in names]
    labels = [Label(name, name, name.startswith("Crack")) for name in names]
    measured = measure_patches(scorer, zip(labels, pictures, strict=True), 0.5)
    for picture, stated in zip(pictures, measured.probabilities, strict=True):
        # the 72 px are filled up to 80 by mirroring
        whole = np.pad(picture, ((0, 0), (0, 8), (0, 0)), mode="reflect")
        strongest = np.sort(scorer(whole[np.newaxis]), axis=None)[-3:]
        assert stated == pytest.approx(1 / (1 + np.exp(-strongest.mean() / 1.5)), abs=1e-6)


def test_an_int8_model_is_scored_as_the_edge_scores_it(models):
    scorer, edge = load_scorer(models / "tiny.tflite"), Model.load(models / "tiny.tflite")
    random = np.random.default_rng(6)
    for size in ((80, 72), (64, 128), (101, 67)):
        picture = _crack(_wall(random, *size), 40, 20)
        [(_, _, logits)] = score_pictures(scorer, [(0, picture)])
        assert np.array_equal(logits, edge.logits(picture))


def test_pictures_of_many_sizes_come_back_with_their_own_map(models):
    scorer = load_scorer(models / "run/model.keras")
    random = np.random.default_rng(4)
    sizes = [(64, 64), (90, 70), (64, 64), (32, 200), (90, 70)]
    pictures = {i: _crack(_wall(random, *size), 20, 10 + i) for i, size in enumerate(sizes)}
    found = {key: logits for key, _, logits in score_pictures(scorer, pictures.items())}
    assert {key: logits.shape for key, logits in found.items()} == {
        i: (-(-h // 16), -(-w // 16)) for i, (h, w) in enumerate(sizes)
    }
    for key, picture in pictures.items():
        [(_, _, alone)] = score_pictures(scorer, [(0, picture)])
        np.testing.assert_allclose(found[key], alone, atol=1e-5)


def test_another_operating_point_changes_the_verdicts_and_nothing_else(models, patches, tmp_path):
    documents = {}
    for point in ("default", "high-recall"):
        out = tmp_path / point
        arguments = ("--operating-point", point, "--out", out)
        assert evaluate(models / "tiny.tflite", patches, *arguments) == 0
        documents[point] = json.loads((out / "evaluation.json").read_text())
    default, eager = documents["default"]["patch"], documents["high-recall"]["patch"]
    assert eager["auroc"] == default["auroc"]
    assert eager["recall"] >= default["recall"]
    assert eager["recall"] == default["operating_points"]["high-recall"]["recall"]
    assert documents["high-recall"]["operating_point"]["patch"] == 0.2


def test_the_split_beside_a_network_is_used_and_its_sides_are_disjoint(models, patches, tmp_path):
    run_folder = shutil.copytree(models / "run", tmp_path / "run")
    write_split(run_folder / "split.json", split_folder(patches))
    seen = {}
    for side in ("test", "validation", "train"):
        chosen = () if side == "test" else ("--side", side)
        assert evaluate(run_folder, patches, "--out", tmp_path / side, *chosen) == 0
        document = json.loads((tmp_path / side / "evaluation.json").read_text())
        assert document["data"]["side"] == side
        assert document["data"]["split"] == str(run_folder / "split.json")
        seen[side] = document["data"]
    assert sum(data["pictures"] for data in seen.values()) == 60
    assert seen["test"]["caution"] == ""
    assert "flatter" in seen["train"]["caution"]


def test_a_split_of_other_data_is_not_taken_for_this(
    models, patches, photographs, tmp_path, capsys
):
    run_folder = shutil.copytree(models / "run", tmp_path / "run")
    split = run_folder / "split.json"
    write_split(split, split_folder(patches))
    assert evaluate(run_folder, photographs, "--out", tmp_path / "out") == 0
    document = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert (document["data"]["side"], document["data"]["split"]) == ("all", "")
    assert evaluate(run_folder, photographs, "--split", split, "--out", tmp_path / "out") == 1
    assert "is a split of other data" in capsys.readouterr().err


class _Outside(HTMLParser):
    """Collects what a page would fetch from elsewhere, and whether its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.images = 0

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)
        self.images += tag == "img"
        self.fetched += [v for k, v in attrs if k in ("src", "href") and not v.startswith("data:")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


@pytest.mark.parametrize("data", ["patches", "photographs"])
def test_the_page_stands_alone_and_shows_the_figures(documents, data):
    document, page = documents["tiny.tflite", data]
    reader = _Outside()
    reader.feed(page)
    worst = document["worst"]
    assert reader.fetched == []
    assert "url(http" not in page and "@import" not in page and "<script" not in page
    assert reader.open == []
    assert reader.images == len(worst["missed"]) + len(worst["false_alarms"])
    assert page.count("<svg") == 4
    patch = document["patch"]
    for figure in (
        format_percent(patch["recall"]),
        format_share(patch["auroc"], 4),
        document["model"]["sha256"],
    ):
        assert figure in page


def test_names_cannot_inject_into_the_page(models, patches, tmp_path):
    root = shutil.copytree(patches, tmp_path / "<b>data")
    (root / "Crack/00.png").rename(root / "Crack/<script>.png")
    assert evaluate(models / "tiny.tflite", root, "--out", tmp_path / "out") == 0
    page = (tmp_path / "out/evaluation.html").read_text()
    assert "&lt;script&gt;.png" in page
    assert "<script" not in page and "<b>data" not in page


def test_json_is_all_that_stdout_gets(models, patches, tmp_path, capsys):
    assert evaluate(models / "tiny.tflite", patches, "--out", tmp_path, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "evaluation.json").read_text())


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0 %"), (1, "100 %"), (0.987, "98.7 %"), (0.9996, "99.96 %"), (0.00004, "0.004 %")],
)
def test_per_cent_never_rounds_to_all_or_nothing(value, expected):
    assert format_percent(value) == expected


def test_a_share_never_rounds_to_one():
    assert (format_share(0.99996, 4), format_share(1, 4), format_share(0.5)) == (
        "0.99996",
        "1.0000",
        "0.500",
    )


def _without_card(models: Path, at: Path) -> Path:
    at.write_bytes((models / "tiny.tflite").read_bytes().split(b"PK\x03\x04")[0])
    return at


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", "there is no model file"),
        ("text.tflite", "is not a TFLite model"),
        ("text.keras", "is not a Keras model"),
        ("picture.png", "is neither a .keras nor a .tflite model"),
        ("cardless.tflite", "carries no crackscan card"),
    ],
)
def test_a_file_that_is_no_model_is_named(models, patches, tmp_path, capsys, case, message):
    path = tmp_path / case
    if case == "cardless.tflite":
        _without_card(models, path)
    elif case != "missing":
        path.write_text("no model")
    model = path.with_suffix(".tflite") if case == "missing" else path
    assert evaluate(model, patches, "--out", tmp_path / "out") == 1
    err = capsys.readouterr().err
    assert re.fullmatch(rf"Error: .*{message}.*\n", err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--operating-point", "bold"), "it has: default, high-recall"),
        (("--side", "test"), "name one with --split"),
        (("--split", "nowhere.json"), "nowhere.json cannot be read"),
    ],
)
def test_a_wrong_choice_ends_in_one_line(models, patches, tmp_path, capsys, arguments, message):
    assert evaluate(models / "tiny.tflite", patches, "--out", tmp_path / "out", *arguments) == 1
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_a_name_that_is_no_model_is_answered_with_what_there_is(patches, tmp_path, capsys):
    assert evaluate("crack-xxl", patches, "--out", tmp_path / "out") == 1
    assert "there is no model crack-xxl: give a file" in capsys.readouterr().err
    assert evaluate(tmp_path, patches, "--out", tmp_path / "out") == 1
    assert "is not a run folder: it holds no model.keras" in capsys.readouterr().err


def test_an_output_folder_that_cannot_be_made_ends_in_one_line(models, patches, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert evaluate(models / "tiny.tflite", patches, "--out", tmp_path / "file/out") == 1
    assert re.fullmatch(r"Error: .*file/out: Not a directory\n", capsys.readouterr().err)


def test_a_side_with_one_class_is_refused(models, photographs, tmp_path, capsys):
    root = shutil.copytree(photographs, tmp_path / "quiet")
    for mask in (root / "masks").iterdir():
        _write(mask, np.zeros((300, 270), np.uint8))
    assert evaluate(models / "tiny.tflite", root, "--out", tmp_path / "out") == 1
    assert "all 12 patches are of one class, none shows crack" in capsys.readouterr().err
