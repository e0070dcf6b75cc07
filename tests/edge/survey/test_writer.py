"""The writer never makes the scan wait, and says what it could not keep."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from surveying import CARD, INFO, SETTINGS, moment, names, place, sighting

from crackscan.core.durable_files import free_disk_bytes
from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.survey import (
    Note,
    NoteKind,
    PictureQuota,
    Survey,
    SurveyReader,
    SurveyWriter,
    TrackPoint,
)
from crackscan.edge.survey import writer as writer_module

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    return Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD)


class SlowCard(threading.Event):
    """Takes nothing until it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        """Something waits for it."""


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowCard]:
    ready = SlowCard()
    together = Survey.transaction

    def wait(self: Survey) -> object:
        ready.asked.set()
        assert ready.wait(20)
        return together(self)

    monkeypatch.setattr(Survey, "transaction", wait)
    yield ready
    ready.set()


def wall(shift: int = 0) -> RGB:
    picture = read_picture(SAMPLES / "cracked-patch-upright.jpg")
    return np.ascontiguousarray(np.roll(picture, shift, axis=1))


def test_everything_arrives_in_order(survey: Survey) -> None:
    with SurveyWriter(survey) as writer:
        numbers = [writer.add_finding(sighting(n), wall(n)) for n in range(5)]
        writer.add_track(TrackPoint(moment(5), place()))
        writer.add_note(Note(moment(6), NoteKind.MARK, "here"))
        writer.add_picture(wall(50), "camera 0#7", moment(7))
        writer.update_finding(numbers[1], sighting(8, frames_seen=4), wall(80))
    with SurveyReader(survey.folder) as reader:
        findings = list(reader.findings())
        assert [one.id for one in findings] == numbers == [1, 2, 3, 4, 5]
        assert findings[1].sighting.frames_seen == 4
        assert len(list(reader.track())) == len(list(reader.notes())) == 1
        pictures = list(reader.pictures())
        assert len(pictures) == 6 == len(names(survey.folder / "frames"))
        for finding in findings:
            assert finding.picture is not None
            shown = read_picture(survey.folder / finding.picture)
            shift = 80 if finding.id == 2 else finding.id - 1
            assert np.abs(shown.astype(int) - wall(shift)).mean() < 3


def test_a_slow_card_never_makes_the_scan_wait(survey: Survey, slow: SlowCard) -> None:
    writer = SurveyWriter(survey)
    began_s = time.monotonic()
    numbers = [writer.add_finding(sighting(n)) for n in range(300)]
    for _ in range(20):
        for number in numbers[-10:]:
            writer.update_finding(number, sighting(number, frames_seen=50))
    assert time.monotonic() - began_s < 2
    state = writer.state()
    assert 299 <= state.waiting <= 301 and state.lost == 0, "updates join what is waiting"
    assert not writer.flush(timeout_s=0.05)
    slow.set()
    assert writer.flush(20)
    writer.close()
    with SurveyReader(survey.folder) as reader:
        findings = list(reader.findings())
        assert len(findings) == 300 and findings[-1].sighting.frames_seen == 50


def test_what_finds_no_room_is_counted_and_noted(
    survey: Survey, slow: SlowCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MOST_JOBS", 10)
    writer = SurveyWriter(survey)
    numbers = [writer.add_finding(sighting(0))]
    assert slow.asked.wait(20), "that one is in the writer's hands, and ten more may wait"
    numbers += [writer.add_finding(sighting(number)) for number in range(1, 40)]
    lost = writer.state().lost
    assert lost == 29
    slow.set()
    assert writer.flush(20)
    writer.update_finding(numbers[-1], sighting(39, frames_seen=3))  # of one that was lost
    with pytest.raises(CrackscanError, match=f"{lost} entries not recorded: the disk was too slow"):
        writer.close()
    with SurveyReader(survey.folder) as reader:
        assert reader.counts().findings == 40 - lost + 1
        assert list(reader.findings())[-1].sighting.frames_seen == 3
        [note] = [note for _, note in reader.notes()]
        assert note.text == f"{lost} entries not recorded: the disk was too slow"


def test_pictures_that_wait_are_bounded_and_their_findings_kept(
    survey: Survey, slow: SlowCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MOST_PICTURE_BYTES", 3 * wall().nbytes)
    writer = SurveyWriter(survey)
    for number in range(12):
        writer.add_finding(sighting(number), wall())
    assert writer.state().pictures_left_out == 9
    slow.set()
    writer.close()
    with SurveyReader(survey.folder) as reader:
        counts = reader.counts()
        assert (counts.findings, counts.pictures) == (12, 3)


@pytest.mark.parametrize("what", ["quota", "reserve"])
def test_at_the_quota_pictures_stop_and_findings_go_on(survey: Survey, what: str) -> None:
    if what == "quota":
        quota = PictureQuota(max_bytes=40_000, reserve_bytes=0)
        told = "pictures are no longer saved: the picture quota of 0 MB is used up"
    else:
        quota = PictureQuota(reserve_bytes=free_disk_bytes(survey.folder) * 2)
        told = "pictures are no longer saved: only "
    writer = SurveyWriter(survey, quota)
    for number in range(12):
        writer.add_finding(sighting(number), wall(number))
    assert writer.flush(20)
    state = writer.state()
    assert state.no_pictures is not None and state.no_pictures in told + state.no_pictures
    assert state.pictures_left_out >= 4 and state.trouble is None and state.lost == 0
    writer.quota_monitor.quota = PictureQuota(reserve_bytes=0)
    writer.add_finding(sighting(12), wall())
    writer.close()
    with SurveyReader(survey.folder) as reader:
        assert reader.counts().findings == 13
        if what == "quota":
            assert 0 < reader.counts().picture_bytes - 15_000 <= 60_000
        texts = [note.text for _, note in reader.notes()]
        assert len(texts) == 2 and texts[0].startswith(told)
        assert texts[1] == "pictures are saved again"


def full_at(connection: sqlite3.Connection, pages: int) -> None:
    """SQLite itself then says `database or disk is full`."""
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_said_and_tried_again(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 0.05)
    pages = survey._connection.execute("PRAGMA page_count").fetchone()[0]
    full_at(survey._connection, pages + 20)
    writer = SurveyWriter(survey)
    big = tuple((n % 700, n % 900) for n in range(4000))
    for number in range(30):
        writer.add_finding(sighting(number, cells=big))
    assert not writer.flush(1.0)
    assert writer.state().trouble == "database or disk is full"
    assert writer.state().waiting > 0
    with SurveyReader(survey.folder) as reader:
        assert reader.counts().findings < 30
    # Other programs freed space:
    full_at(survey._connection, 1_000_000)
    assert writer.flush(20)
    assert writer.state().trouble is None
    writer.close()
    with SurveyReader(survey.folder) as reader:
        assert [one.sighting.cells for one in reader.findings()] == [big] * 30


def test_a_disk_that_stays_full_is_told_at_the_end(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 0.05)
    full_at(survey._connection, survey._connection.execute("PRAGMA page_count").fetchone()[0])
    writer = SurveyWriter(survey)
    for number in range(40):
        writer.add_finding(sighting(number, cells=((1, 1),) * 5000))
    with pytest.raises(CrackscanError, match=r"40 entries not recorded: database or disk is full"):
        writer.close(timeout_s=0.5)
    with SurveyReader(survey.folder) as reader:
        assert reader.counts().findings == 0
    Survey.resume(survey.folder).close()


def test_a_folder_of_pictures_that_cannot_be_written_costs_no_finding(survey: Survey) -> None:
    frames = survey.folder / "frames"
    frames.rmdir()
    frames.write_text("in the way")
    writer = SurveyWriter(survey, PictureQuota(reserve_bytes=0))
    writer.add_finding(sighting(1), wall())
    assert writer.flush(20)
    state = writer.state()
    assert state.no_pictures is not None and "Not a directory" in state.no_pictures
    writer.close()
    with SurveyReader(survey.folder) as reader:
        [found] = reader.findings()
        assert found.picture is None


def test_an_entry_that_the_record_refuses_is_lost_alone(survey: Survey) -> None:
    writer = SurveyWriter(survey)
    bad = {2: {"peak": float("nan")}, 5: {"cells": ((-1, 3),)}, 6: {"frame": None}}
    with writer._changed:  # so that all are taken together
        for number in range(9):
            writer.add_finding(sighting(number, **bad.get(number, {})))
    writer.flush(20)
    assert writer.state().lost == 3 and writer.state().trouble is None
    writer.add_finding(sighting(9))
    with pytest.raises(CrackscanError, match="3 entries not recorded: not recordable: "):
        writer.close()
    with SurveyReader(survey.folder) as reader:
        kept = [one.sighting.frame_index for one in reader.findings()]
        assert kept == [0, 1, 3, 4, 7, 8, 9]
        assert all("not recordable" in note.text for _, note in reader.notes())


def test_no_thread_is_left_behind(survey: Survey) -> None:
    SurveyWriter(survey).close()
    assert not [one for one in threading.enumerate() if one.name == "survey writer"]
