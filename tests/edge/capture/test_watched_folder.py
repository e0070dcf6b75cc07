"""A watched folder yields each complete picture once, whatever happens to the folder."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import SourceError
from crackscan.core.picture_writing import write_picture
from crackscan.edge.capture import SourceState, open_source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.watched_folder import WatchedFolder


def put(path: Path, grey: int = 100) -> bytes:
    """Write a picture with a red left half and return its bytes."""
    rgb = np.full((48, 64, 3), grey, np.uint8)
    rgb[:, :32] = 220, 20, 20
    write_picture(path, rgb)
    return path.read_bytes()


class Reading:
    """The frames of a watched folder, as they come, in a thread."""

    def __init__(self, source: WatchedFolder) -> None:
        self.source = source
        self.frames: list[Frame] = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        for frame in self.source:
            self.frames.append(frame)

    def names(self) -> list[str]:
        return [frame.name for frame in self.frames]


@contextmanager
def reading(folder: Path, settle_s: float = 30.0, old: bool = True) -> Iterator[Reading]:
    with WatchedFolder(f"watch:{folder}", folder, 1, 0.05, settle_s, old) as source:
        frames = Reading(source)
        try:
            yield frames
        finally:
            source.stop()
            frames.thread.join()


def until(wanted: Callable[[], bool], within_s: float = 5.0) -> bool:
    end_s = time.monotonic() + within_s
    while not wanted() and time.monotonic() < end_s:
        time.sleep(0.01)
    return wanted()


def test_each_picture_is_yielded_once_in_order_of_arrival(tmp_path: Path) -> None:
    put(tmp_path / "z.jpg")
    (tmp_path / "sub").mkdir()
    with reading(tmp_path) as frames:
        assert until(lambda: len(frames.frames) == 1)
        for number, name in enumerate(("b.png", "a.jpg", "sub/c.jpg")):
            put(tmp_path / name)
            assert until(lambda number=number: len(frames.frames) == number + 2)
        (tmp_path / "notes.txt").write_text("no picture")
        put(tmp_path / ".hidden.jpg")
        time.sleep(0.3)
    assert frames.names() == ["z.jpg", "b.png", "a.jpg", "sub/c.jpg"]
    assert [frame.index for frame in frames.frames] == [0, 1, 2, 3]
    assert all(np.allclose(frame.rgb[:, :24], (220, 20, 20), atol=8) for frame in frames.frames)
    assert frames.source.kind == "pictures" and not frames.source.live
    assert frames.source.gaps == [] and frames.source.skipped == []


def test_pictures_that_are_already_present_can_be_left_out(tmp_path: Path) -> None:
    put(tmp_path / "old.jpg")
    with reading(tmp_path, old=False) as frames:
        put(tmp_path / "new.jpg")
        assert until(lambda: bool(frames.frames))
        time.sleep(0.2)
    assert frames.names() == ["new.jpg"]


def test_recorded_pictures_are_left_out_and_later_ones_are_not(
    tmp_path: Path,
) -> None:
    for name in ("recorded.png", "meanwhile.png"):
        put(tmp_path / name)
    with WatchedFolder(f"watch:{tmp_path}", tmp_path, 1, 0.05, 30.0, old=True) as source:
        source.exclude_names({"recorded.png", "gone.png"})
        frames = Reading(source)
        assert until(lambda: frames.names() == ["meanwhile.png"])
        put(tmp_path / "recorded.png", grey=30)
        assert until(lambda: frames.names() == ["meanwhile.png", "recorded.png"]), "another file"
        source.stop()
        frames.thread.join()


def test_a_slowly_written_picture_is_yielded_when_complete(tmp_path: Path) -> None:
    whole = put(tmp_path / "source.png")
    (tmp_path / "in").mkdir()
    with reading(tmp_path / "in") as frames, (tmp_path / "in" / "slow.png").open("wb") as file:
        for at in range(0, len(whole), len(whole) // 4 + 1):
            file.write(whole[at : at + len(whole) // 4 + 1])
            file.flush()
            time.sleep(0.25)  # long enough for several readings of an incomplete file
            assert frames.frames == [] or file.tell() == len(whole)
        assert until(lambda: bool(frames.frames))
    assert frames.names() == ["slow.png"] and frames.source.skipped == []


def test_a_picture_that_stays_damaged_is_skipped_and_named_once(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(put(tmp_path / "good.jpg")[:-40])
    with reading(tmp_path, settle_s=0.3) as frames:
        assert until(lambda: bool(frames.source.skipped))
        time.sleep(0.3)
    assert frames.names() == ["good.jpg"]
    assert [one.name for one in frames.source.skipped] == ["bad.jpg"]
    assert "cut short" in frames.source.skipped[0].reason


def test_a_name_used_for_another_picture_is_yielded_again(tmp_path: Path) -> None:
    with reading(tmp_path) as frames:
        put(tmp_path / "view.png", 50)
        assert until(lambda: len(frames.frames) == 1)
        put(tmp_path / "view.png", 150)
        assert until(lambda: len(frames.frames) == 2)
    assert [int(frame.rgb[0, 60, 0]) for frame in frames.frames] == [50, 150]


def test_a_missing_folder_is_waited_for_and_nothing_is_yielded_twice(tmp_path: Path) -> None:
    card, away = tmp_path / "card", tmp_path / "away"
    card.mkdir()
    put(card / "a.jpg")
    with reading(card) as frames:
        assert until(lambda: len(frames.frames) == 1)
        card.rename(away)
        assert until(lambda: frames.source.condition.state is SourceState.LOST)
        assert str(card) in frames.source.condition.text
        put(away / "b.jpg")
        away.rename(card)
        assert until(lambda: len(frames.frames) == 2)
        assert frames.source.condition.good
        assert len(frames.source.gaps) == 1
        assert "cannot be read" in frames.source.gaps[0].why
    assert frames.names() == ["a.jpg", "b.jpg"]


def test_every_second_arrival(tmp_path: Path) -> None:
    for number in range(4):
        put(tmp_path / f"{number}.jpg")
        os.utime(tmp_path / f"{number}.jpg", (number, number))
    with WatchedFolder("watch:", tmp_path, 2, 0.05) as source:
        assert [one.name for one in itertools.islice(source, 2)] == ["0.jpg", "2.jpg"]


def test_the_name_contains_folder_and_options(tmp_path: Path) -> None:
    folder = tmp_path / "photos #3"
    folder.mkdir()
    put(folder / "old.jpg")
    with open_source(f"watch:{folder}#poll=0.05,settle=5") as source:
        assert next(iter(source)).name == "old.jpg"
    with pytest.raises(SourceError, match="does not exist: make the folder"):
        open_source(f"watch:{tmp_path / 'nowhere'}")
    with pytest.raises(SourceError, match="wrong old: 'maybe'"):
        open_source(f"watch:{folder}#old=maybe")
