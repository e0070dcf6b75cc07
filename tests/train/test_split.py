"""Nothing leaks between training and test, and the same folder is always split the same way."""

import json
import os
import shutil
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.command_line import run_command
from crackscan.core.dataset.split import SHARES, Split
from crackscan.core.dataset.split_file import read_split, write_split
from crackscan.core.errors import DataError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB, read_picture
from crackscan.train.cli import crackscan_train
from crackscan.train.data.split import split_folder

SAMPLES = Path(__file__).parents[2] / "samples" / "patches"
FLIPS = {"lr": np.s_[:, ::-1], "tb": np.s_[::-1], "turned": np.s_[::-1, ::-1], "same": np.s_[:]}


def put(path: Path, rgb: RGB) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, np.ascontiguousarray(rgb), 80)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Real patches; of each third one a mirror, a turned or a re-encoded copy besides."""
    root = tmp_path_factory.mktemp("data") / "walls"
    shutil.copytree(SAMPLES, root)
    for i, path in enumerate(sorted(root.glob("*/*.jpg"))[::3]):
        name, flip = list(FLIPS.items())[i % len(FLIPS)]
        put(path.with_stem(f"{path.stem}-{name}"), read_picture(path)[flip])
    return root


@pytest.fixture(scope="module")
def split(folder) -> Split:
    return split_folder(folder)


def sides_of(split: Split) -> dict[str, str]:
    return {member.item.path: member.side for member in split.members}


def test_a_copy_never_crosses_the_split(folder):
    for seed in range(3):
        sides = sides_of(split_folder(folder, seed))
        copies = [path for path in sides if path.partition("-")[2].removesuffix(".jpg") in FLIPS]
        assert len(copies) > 15
        for path in copies:
            assert sides[path] == sides[path.partition("-")[0] + ".jpg"]


def test_each_copy_group_and_each_cluster_is_on_one_side(split):
    for kind in ("group", "cluster"):
        sides = defaultdict(set)
        for member in split.members:
            sides[getattr(member, kind)].add(member.side)
        assert all(len(found) == 1 for found in sides.values())


def test_the_shares_come_near_70_20_10_in_both_classes(split):
    counts = split.count_pictures()
    for kind in ("positive", "negative"):
        total = sum(numbers[kind] for numbers in counts.values())
        for side, share in SHARES.items():
            assert counts[side][kind] / total == pytest.approx(share, abs=0.05)


def test_every_picture_is_on_exactly_one_side(folder, split):
    paths = [item.path for side in SHARES for item in split.items(side)]
    assert sorted(paths) == sorted(p.relative_to(folder).as_posix() for p in folder.glob("*/*"))


def test_the_split_does_not_depend_on_how_the_folder_is_listed(folder, split, tmp_path):
    """The same files, created in the opposite order, so that a file system lists them so."""
    again = tmp_path / "walls"
    for path in sorted(folder.glob("*/*.jpg"), reverse=True):
        target = again / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    assert split_folder(again) == split


def test_another_seed_gives_another_split(folder, split):
    other = split_folder(folder, seed=1)
    assert sides_of(other) != sides_of(split)
    assert other.fingerprint == split.fingerprint


def test_the_fingerprint_changes_with_the_content_and_the_labels(folder, split, tmp_path):
    relabelled = tmp_path / "relabelled"
    shutil.copytree(folder, relabelled)
    shutil.move(relabelled / "negative" / "00635.jpg", relabelled / "positive" / "00635.jpg")
    renamed = tmp_path / "renamed"
    shutil.copytree(folder, renamed)
    shutil.move(renamed / "negative" / "00635.jpg", renamed / "negative" / "wall.jpg")
    assert split_folder(relabelled).fingerprint != split.fingerprint
    assert split_folder(renamed).fingerprint == split.fingerprint


def test_a_picture_filed_in_both_classes_is_reported(tmp_path):
    shutil.copytree(SAMPLES, tmp_path / "data")
    put(tmp_path / "data/negative/wrong.jpg", read_picture(SAMPLES / "positive/00830.jpg")[::-1])
    (group,) = split_folder(tmp_path / "data").contradicting_groups()
    assert {item.path for item in group} == {"negative/wrong.jpg", "positive/00830.jpg"}


def test_pictures_that_cannot_be_read_are_skipped_and_named(tmp_path):
    root = tmp_path / "data"
    shutil.copytree(SAMPLES, root)
    whole = (SAMPLES / "positive" / "00830.jpg").read_bytes()
    (root / "positive" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "negative" / "notes.jpg").write_text("joint at 3 m, no crack")
    (root / "negative" / "nothing.jpg").touch()
    split = split_folder(root)
    assert [s.path for s in split.skipped] == [
        "negative/notes.jpg",
        "negative/nothing.jpg",
        "positive/cut.jpg",
    ]
    assert "cut short" in split.skipped[2].reason
    assert str(root) not in split.skipped[2].reason
    assert len(split.members) == len(list(SAMPLES.glob("*/*.jpg")))


def masked(root: Path, name: str, rgb: RGB, dark: int = 90, size: int | None = None) -> None:
    mask = (cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) < dark).astype(np.uint8)[:size] * 255
    put(root / "images" / f"{name}.jpg", rgb)
    put(root / "masks" / f"{name}.png", mask[..., None].repeat(3, axis=2))


def test_pictures_with_masks_are_split_whole_without_their_copies(tmp_path):
    for path in SAMPLES.glob("positive/*.jpg"):
        masked(tmp_path, path.stem, read_picture(path))
        masked(tmp_path, f"{path.stem}-lr", read_picture(path)[:, ::-1])
    masked(tmp_path, "short", read_picture(path), size=100)
    split = split_folder(tmp_path)
    sides = sides_of(split)
    for path in SAMPLES.glob("positive/*.jpg"):
        assert sides[f"images/{path.stem}.jpg"] == sides[f"images/{path.stem}-lr.jpg"]
    assert [(s.path, s.reason.partition(",")[0]) for s in split.skipped] == [
        ("images/short.jpg", "has a bad mask: masks/short.png is 227x100 pixels")
    ]
    counts = [numbers["pictures"] for numbers in split.count_pictures().values()]
    assert sum(counts) == len(sides)
    assert counts[0] > counts[1] > counts[2] > 0


def test_masks_that_mark_nothing_are_reported(tmp_path):
    for path in SAMPLES.glob("positive/*.jpg"):
        masked(tmp_path, path.stem, read_picture(path), dark=0)
    with pytest.raises(DataError, match=r"no mask .* must be white"):
        split_folder(tmp_path)


def few(root: Path, positives: int, negatives: int) -> Path:
    for kind, count in (("positive", positives), ("negative", negatives)):
        (root / kind).mkdir()
        for path in sorted((SAMPLES / kind).iterdir())[:count]:
            shutil.copy(path, root / kind)
    return root


def test_three_pictures_of_each_class_are_just_enough(tmp_path):
    counts = split_folder(few(tmp_path, 3, 3)).count_pictures()
    assert all(numbers == {"positive": 1, "negative": 1} for numbers in counts.values())


def test_cracks_on_one_wall_only_reach_every_side_all_the_same(tmp_path):
    """They are one appearance cluster; kept whole, it would leave two sides without a crack."""
    root = few(tmp_path, 0, 30)
    wall = read_picture(SAMPLES / "negative" / "05800.jpg")
    for x in (40, 110, 180):
        crack = np.array([[x, 0], [x + 20, 110], [x - 5, 226]])
        put(
            root / "positive" / f"{x}.jpg", cv2.polylines(wall.copy(), [crack], False, (40,) * 3, 9)
        )
    split = split_folder(root)
    assert all(numbers["positive"] == 1 for numbers in split.count_pictures().values())


def test_copies_do_not_count_as_enough(tmp_path):
    root = few(tmp_path, 2, 30)
    for path in list((root / "positive").iterdir()):
        put(path.with_stem(f"{path.stem}-lr"), read_picture(path)[:, ::-1])
    with pytest.raises(DataError, match=r"too few distinct pictures to split: .*2 positive"):
        split_folder(root)


def test_a_class_that_cannot_be_read_is_reported(tmp_path):
    root = few(tmp_path, 0, 5)
    (root / "positive" / "notes.jpg").write_text("crack at 3 m")
    with pytest.raises(DataError, match="one class only once"):
        split_folder(root)


def test_what_is_written_is_read_back(split, tmp_path):
    write_split(tmp_path / "split.json", split)
    assert read_split(tmp_path / "split.json") == split


def test_names_that_are_no_utf8_survive(tmp_path):
    root = few(tmp_path, 3, 3)
    first = min((root / "positive").iterdir())
    first.rename(first.with_name(os.fsdecode(b"Ri\xdf.jpg")))
    split = split_folder(root)
    write_split(tmp_path / "split.json", split)
    found = read_split(tmp_path / "split.json")
    assert found == split
    assert all((root / member.item.path).exists() for member in found.members)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("", "not a split file"),
        ("[1]", "not a split file"),
        ('{"seed": 0}', "not a split file"),
        ('{"format": "crackscan split", "version": 99}', "split format 99"),
        ('{"format": "crackscan split", "version": 1, "root": "a"}', "is damaged"),
    ],
)
def test_another_file_is_not_a_split(tmp_path, text, message):
    path = tmp_path / "split.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_split(path)
    assert "\n" not in str(caught.value)


def command(capfd, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        run_command(crackscan_train, ["split", *map(str, arguments)])
    out, err = capfd.readouterr()
    return int(end.value.code or 0), out, err


def test_the_command_prints_the_classes_the_copies_and_the_sides(folder, tmp_path, capfd):
    out = tmp_path / "new" / "split.json"
    code, printed, message = command(capfd, folder, "--out", out, "--seed", 4)
    assert code == 0
    assert printed.strip() == str(out)
    assert "positive/: crack" in message
    assert "negative/: no crack" in message
    assert "Copies:" in message
    split = read_split(out)
    assert split.seed == 4
    assert split == split_folder(folder, 4)


def test_the_command_prints_nothing_but_json_when_asked(folder, split, tmp_path, capfd):
    _, printed, _ = command(capfd, folder, "--out", tmp_path / "split.json", "--json")
    document = json.loads(printed)
    assert document["counts"] == split.count_pictures()
    copies = split.copy_groups()
    assert document["copies"] == {"groups": len(copies), "files": sum(map(len, copies))}


def test_the_command_ends_in_one_line(tmp_path, capfd):
    code, printed, message = command(capfd, tmp_path / "none", "--out", tmp_path / "split.json")
    assert (code, printed) == (1, "")
    assert message == f"Error: {tmp_path / 'none'} does not exist\n"
