"""A data folder's names say which pictures show a crack, whatever house style they follow."""

import shutil
from pathlib import Path

import pytest

from crackscan.core.dataset.index import Item, read_index
from crackscan.core.errors import DataError

SAMPLES = Path(__file__).parents[2] / "samples" / "patches"
PICTURE = min((SAMPLES / "negative").iterdir())


def fill(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PICTURE, path)
    return root


@pytest.mark.parametrize(
    ("crack", "none"),
    [
        ("positive", "negative"),
        ("Positive", "Negative"),
        ("Crack", "NoCrack"),
        ("CRACKS", "No cracks"),
        ("Cracked", "Non-cracked"),
        ("cracked", "Uncracked"),
        ("CD", "UD"),
        ("CP", "UP"),
        ("CW", "UW"),
        ("with_crack", "without_crack"),
        ("1", "0"),
        ("yes", "no"),
        ("True", "False"),
    ],
)
def test_class_folders_are_known_under_many_names(tmp_path, crack, none):
    index = read_index(fill(tmp_path, f"{crack}/a.jpg", f"{crack}/b.JPG", f"{none}/a.png"))
    assert {item.path: item.label for item in index.items} == {
        f"{crack}/a.jpg": True,
        f"{crack}/b.JPG": True,
        f"{none}/a.png": False,
    }
    assert {(c.path, c.label, c.pictures) for c in index.classes} == {
        (crack, True, 2),
        (none, False, 1),
    }


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        pytest.param(
            ["Concrete Crack Images/Positive/1.jpg", "Concrete Crack Images/Negative/1.jpg"],
            [False, True],
            id="in a folder of the archive's name",
        ),
        pytest.param(
            ["D/CD/1.jpg", "D/UD/1.jpg", "P/CP/1.jpg", "W/UW/1.jpg"],
            [True, False, True, False],
            id="by kind of surface, as SDNET2018",
        ),
        pytest.param(
            ["crack/positive/1.jpg", "crack/negative/1.jpg"],
            [False, True],
            id="a data set that is itself called crack",
        ),
        pytest.param(
            ["positive/wall 1/1.jpg", "negative/1/1.jpg", "negative/2/1.jpg"],
            [False, False, True],
            id="numbered folders within a class",
        ),
        pytest.param(
            ["train/crack/1.jpg", "train/intact/1.jpg", "test/crack/1.jpg"],
            [True, True, False],
            id="in someone else's split",
        ),
    ],
)
def test_class_folders_are_found_at_any_depth(tmp_path, layout, expected):
    assert [item.label for item in read_index(fill(tmp_path, *layout)).items] == expected


def test_pictures_with_masks_are_paired_by_name(tmp_path):
    fill(tmp_path, "Images/b.jpg", "Images/a.png", "Images/lost.jpg", "masks/a.png", "masks/b.png")
    index = read_index(tmp_path)
    assert index.items == (
        Item("Images/a.png", mask="masks/a.png"),
        Item("Images/b.jpg", mask="masks/b.png"),
    )
    assert [(s.path, s.reason) for s in index.skipped] == [
        ("Images/lost.jpg", "has no mask masks/lost.*")
    ]


def test_only_pictures_of_a_class_count(tmp_path):
    fill(tmp_path, "crack/a.jpg", "crack/._a.jpg", "crack/.thumbs/a.jpg", "overview.jpg")
    fill(tmp_path, "intact/a.jpg", "__MACOSX/intact/a.jpg", "intact/notes.txt")
    index = read_index(tmp_path)
    assert [item.path for item in index.items] == ["crack/a.jpg", "intact/a.jpg"]
    assert index.ignored == 1


def test_linked_folders_are_read_and_a_link_back_up_ends(tmp_path):
    fill(tmp_path, "elsewhere/a.jpg", "data/intact/b.jpg")
    (tmp_path / "data" / "crack").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "intact" / "up").symlink_to(tmp_path / "data")
    paths = [item.path for item in read_index(tmp_path / "data").items]
    assert paths == ["crack/a.jpg", "intact/b.jpg"]


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        pytest.param(None, ["does not exist"], id="missing"),
        pytest.param([], ["holds no pictures"], id="empty"),
        pytest.param(["positive/notes.txt"], ["holds no pictures"], id="no picture"),
        pytest.param(["a.jpg"], ["no class folders", "positive", "negative"], id="flat"),
        pytest.param(["spalls/a.jpg"], ["spalls", "images/ and masks/"], id="other names"),
        pytest.param(
            ["Crack/a.jpg", "Crack/b.jpg"],
            ["one class only, cracks: Crack (2)", "no_crack", "UD"],
            id="cracks only",
        ),
        pytest.param(
            ["UD/a.jpg", "spalls/a.jpg"],
            ["one class only, crack-free pictures: UD (1)", "positive"],
            id="crack-free only",
        ),
        pytest.param(
            ["crack/1/a.jpg", "crack/0/a.jpg", "intact/1/a.jpg"],
            ["named after both classes", "rename"],
            id="contradiction",
        ),
        pytest.param(["images/notes.txt", "masks/a.png"], ["images holds no pictures"], id="masks"),
        pytest.param(["images/a.jpg", "masks/b.png"], ["no picture", "same name"], id="no pair"),
    ],
)
def test_a_folder_that_cannot_be_used_is_reported_in_one_line(tmp_path, layout, message):
    root = tmp_path / "data"
    if layout is not None:
        fill(root, *layout)
        root.mkdir(exist_ok=True)
    with pytest.raises(DataError) as caught:
        read_index(root)
    message = str(caught.value)
    assert "\n" not in message
    assert str(root) in message
    for part in message:
        assert part in message


def test_a_file_is_no_data_folder():
    with pytest.raises(DataError, match="is not a folder"):
        read_index(PICTURE)
