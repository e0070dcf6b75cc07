"""A folder's photographs are found once, and told from others of the same name."""

import os
import shutil
from pathlib import Path

import pytest
from photographing import CRACKED, INTACT, SAMPLES, jpeg, photographs, sample

from crackscan.core.errors import SourceError
from crackscan.edge.capture.file_mark import FileMark, digest_content
from crackscan.edge.pipelines.photos.listing import list_photos, list_remaining


def mark_of(path: Path) -> FileMark:
    state = path.stat()
    return FileMark(state.st_size, state.st_mtime_ns, digest_content(path.read_bytes()))


def test_photographs_are_found_in_folders_below_but_not_among_results(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "flight", 4)
    for place in ("results", "visit", ".trash", "south/deep"):
        (folder / place).mkdir()
        shutil.copy(SAMPLES / CRACKED, folder / place / "a.JPG")
    (folder / "results/scan.json").touch()
    (folder / "visit/survey.sqlite").touch()
    (folder / "notes.txt").touch()
    (folder / ".0001.jpg").touch()
    (folder / "loop").symlink_to(folder)
    listing = list_photos(folder)
    assert [task.name for task in listing.tasks] == [
        "north/0000.jpg", "north/0001.jpg", "south/0002.jpg", "south/0003.jpg", "south/deep/a.JPG",
    ]  # fmt: skip
    assert [task.index for task in listing.tasks] == list(range(5))


def test_a_name_that_is_no_utf8_is_recorded_escaped_and_still_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"br\xfccke.jpg")
    path.write_bytes(jpeg(sample(INTACT)))
    [task] = list_photos(tmp_path).tasks
    assert task.name == "br\\xfccke.jpg" and Path(task.path).is_file()
    task.name.encode()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone", "does not exist"),
        ("file", "is neither a picture nor a folder"),
        ("empty", "holds no pictures"),
    ],
)
def test_a_folder_without_photographs_is_an_error(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=told):
        list_photos(tmp_path / name)


def test_only_what_is_new_or_replaced_or_was_unreadable_remains(tmp_path: Path) -> None:
    folder = photographs(tmp_path, 6)
    listing = list_photos(folder)
    paths = [Path(task.path) for task in listing.tasks]
    marks: dict[str, FileMark | None] = {
        task.name: mark_of(path) for task, path in zip(listing.tasks, paths, strict=True)
    }
    marks["taken away.jpg"] = marks["south/0003.jpg"]
    assert list_remaining(listing, marks).tasks == ()
    other = bytearray(paths[0].read_bytes())
    other[len(other) // 2] ^= 1
    paths[0].write_bytes(other)  # as long as before
    paths[1].write_bytes(paths[1].read_bytes() + b"grown")
    os.utime(paths[2], ns=(1, 1))  # copied
    marks["south/0003.jpg"] = None  # could not be read
    del marks["south/0004.jpg"]
    left = list_remaining(listing, marks)
    assert [task.name[-8:] for task in left.tasks] == [
        "0000.jpg", "0001.jpg", "0003.jpg", "0004.jpg",
    ]  # fmt: skip
    assert (left.done, left.replaced, left.missing) == (2, 2, 1)
    assert left.moved == (("north/0002.jpg", mark_of(paths[2])),)
