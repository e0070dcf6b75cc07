"""What is recorded is read back as it was, and a record that is not sound is left alone."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from surveying import CARD, INFO, SETTINGS, WALL_S, full_sighting, moment, names, place, sighting

from crackscan.core.errors import SurveyError
from crackscan.edge.detection.finding import BoundingBox, Finding
from crackscan.edge.positioning import NO_GEOTAG, SatelliteTime
from crackscan.edge.positioning.clock import Clock, ClockSource, Instant
from crackscan.edge.survey import (
    GeoBox,
    Measurements,
    Note,
    NoteKind,
    Review,
    ReviewVerdict,
    ScannedPicture,
    SessionInfo,
    Survey,
    SurveyReader,
    TrackPoint,
    Which,
    best_time,
    iso_time,
    sighting_of,
)
from crackscan.edge.survey.database import DATABASE, create_database
from crackscan.edge.survey.schema import STEPS, migrate_schema, read_schema_version


@pytest.fixture
def survey(tmp_path: Path) -> Iterator[Survey]:
    survey = Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD)
    yield survey
    survey.close()


def test_a_new_survey_says_what_it_is(survey: Survey) -> None:
    assert survey.info() == INFO and survey.settings() == SETTINGS
    assert (survey.folder / "card.json").read_text() == CARD
    assert (survey.folder / "frames").is_dir()
    [session] = survey.sessions()
    assert session.id == 1 and session.ended is None and session.began == survey.began
    assert not list(survey.folder.parent.glob(".*"))


def test_a_finding_comes_back_as_it_went_in(survey: Survey) -> None:
    wanted = full_sighting()
    number = survey.add_finding(wanted)
    found = survey.finding(number)
    assert found is not None and (found.picture, found.verdict) == (None, None)
    assert replace(found.sighting, lines=()).__dict__ == replace(wanted, lines=()).__dict__
    for line, expected in zip(found.sighting.lines, wanted.lines, strict=True):
        assert line.dtype == np.float32
        np.testing.assert_array_equal(line, expected)
    bare = survey.add_finding(sighting(8))
    other = survey.finding(bare)
    assert other is not None and other.sighting.__dict__ == sighting(8).__dict__
    assert other.sighting.geotag == NO_GEOTAG and other.sighting.measures is None


def test_a_width_that_cannot_be_measured_keeps_the_reason(survey: Survey) -> None:
    number = survey.add_finding(sighting(1, measures=Measurements(why="blur")))
    found = survey.finding(number)
    assert found is not None and found.sighting.measures == Measurements(why="blur")


def test_a_frames_finding_becomes_a_sighting() -> None:
    finding = Finding(
        box=BoundingBox(0, 0, 32, 16),
        cells=((0, 0), (0, 1)),
        area_px=512,
        probability=0.8,
        peak=0.9,
        mean=0.85,
    )
    seen = sighting_of(finding, "a.jpg", 3, (640, 480), moment(3), place())
    assert (seen.first, seen.last, seen.frames_seen) == (moment(3), moment(3), 1)
    assert (seen.frame, seen.frame_index) == ("a.jpg", 3)
    assert (seen.probability, seen.box, seen.geotag) == (0.8, finding.box, place())


def test_a_better_sighting_replaces_the_first_and_keeps_the_number(survey: Survey) -> None:
    number = survey.add_finding(sighting(1))
    path = survey.add_picture(b"first", "camera 0#1", moment(1), number)
    survey.put_finding(number, sighting(2, frames_seen=9))
    [found] = survey.findings()
    assert (found.id, found.sighting.frames_seen, found.picture) == (number, 9, path)
    better = survey.add_picture(b"better one", "camera 0#2", moment(2), number)
    [found] = survey.findings()
    assert found.picture == better and (survey.folder / better).read_bytes() == b"better one"
    assert [one.path for one in survey.pictures()] == [better]
    assert names(survey.folder / "frames") == [Path(better).name]
    assert survey.picture_bytes == survey.counts().picture_bytes == 10


def test_track_notes_and_reviews_come_back(survey: Survey) -> None:
    point, gap = TrackPoint(moment(1), place()), Note(moment(2), NoteKind.GAP, "unplugged", 4.5)
    number = survey.add_finding(sighting())
    survey.add_track(point)
    survey.add_note(gap)
    survey.add_review(Review(number, ReviewVerdict.REJECTED, "A. Roth", moment(3), "a joint"))
    survey.add_review(Review(number, ReviewVerdict.ACCEPTED, "B. Kim", moment(4)))
    assert list(survey.track()) == [(1, point)] and list(survey.track(2)) == []
    assert list(survey.notes()) == [(1, gap)]
    assert [one.by for one in survey.reviews(number)] == ["A. Roth", "B. Kim"]
    assert [one.verdict for one in survey.findings()] == [ReviewVerdict.ACCEPTED]


def test_a_picture_is_recorded_once_with_all_its_findings_or_none(survey: Survey) -> None:
    scanned = ScannedPicture(
        "north/a.jpg", moment(1), 2, "", 4000, 3000, WALL_S, "2027-01-15T09:00:00", place(), None
    )
    assert survey.add_scanned(scanned, [sighting(1), sighting(2)])
    assert not survey.add_scanned(scanned, [sighting(3)])
    assert survey.add_scanned(ScannedPicture("b.jpg", moment(2), skipped="is cut short"))

    def broken() -> Iterator[object]:
        yield sighting(4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey.add_scanned(ScannedPicture("c.jpg", moment(3)), broken())  # type: ignore[arg-type]
    assert [one.name for one in survey.scanned()] == ["b.jpg", "north/a.jpg"]
    assert list(survey.scanned())[1] == scanned
    assert [one.sighting.frame_index for one in survey.findings()] == [1, 2]
    assert survey.is_scanned("b.jpg") and not survey.is_scanned("c.jpg")
    assert survey.counts().scanned == 2


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Which(), range(40)),
        (Which(from_s=WALL_S + 10, to_s=WALL_S + 13), [10, 11, 12]),
        (Which(box=GeoBox(47.0005, 8.9, 47.0025, 9.1)), [1, 2]),
        (Which(session=1, from_s=WALL_S + 38), [38, 39]),
        (Which(session=2), []),
        (Which(box=GeoBox(-1, -1, 1, 1)), []),
        (Which(after=38), [38, 39]),
    ],
)
def test_findings_are_asked_for_by_session_time_and_place(
    survey: Survey, which: Which, found: list[int]
) -> None:
    with survey.transaction():
        for number in range(40):
            geotag = NO_GEOTAG if number == 30 else place(47 + number / 1000, 9.0)
            survey.add_finding(sighting(number, geotag=geotag))
    assert [one.sighting.frame_index for one in survey.findings(which)] == list(found)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("session = 1 AND first_monotonic_s > 3", "finding_session"),
        ("first_wall_s > 3 AND first_wall_s < 4", "finding_time"),
        ("lat >= 47 AND lat <= 47.1 AND lon >= 9 AND lon <= 9.1", "finding_place"),
        ("picture = 4", "finding_picture"),
        ("id > 4", "INTEGER PRIMARY KEY"),
        ("frame = 'north/a.jpg'", "finding_frame"),
    ],
)
def test_questions_are_answered_by_an_index(survey: Survey, condition: str, index: str) -> None:
    plan = survey._connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM finding WHERE {condition}")
    assert index in plan.fetchone()["detail"]


def test_a_survey_is_written_on_in_a_session_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "visit"
    first = Survey.create(folder, INFO, SETTINGS, CARD)
    first.add_finding(sighting(1))
    first.close()
    assert names(folder) == [
        "card.json",
        "crackscan.log",
        "frames",
        "settings.json",
        "survey.sqlite",
    ]
    now = SessionInfo("/dev/video0", "crack-m", "4", {"operating_point": "high-recall"})
    second = Survey.resume(folder, session=now)
    assert second.add_finding(sighting(2)) == 2
    second.close()
    with SurveyReader(folder) as reader:
        assert [(one.id, one.session) for one in reader.findings()] == [(1, 1), (2, 2)]
        assert all(session.ended is not None for session in reader.sessions())
        made_with = SessionInfo(INFO.source, INFO.model, INFO.model_version, SETTINGS)
        assert [session.info for session in reader.sessions()] == [made_with, now]


def test_a_session_says_how_many_frames_were_judged_and_why_others_were_not(
    survey: Survey,
) -> None:
    assert survey.frame_counts() == {}
    survey.count_frames({"": 10, "too fast": 2})
    survey.count_frames({"": 25, "too fast": 2, "too dark": 4})
    assert survey.frame_counts() == {1: {"": 25, "too fast": 2, "too dark": 4}}


def test_a_record_of_the_first_schema_is_read_and_written_on(closed: Path) -> None:
    with sqlite3.connect(closed / DATABASE) as older:
        older.execute("DROP INDEX finding_frame")
        older.execute("DROP INDEX picture_frame")
        older.execute("DROP TABLE frame_count")
        for column in ("source", "model", "model_version", "settings"):
            older.execute(f"ALTER TABLE session DROP COLUMN {column}")
        older.execute("PRAGMA user_version = 1")
    older.close()
    made_with = SessionInfo(INFO.source, INFO.model, INFO.model_version, SETTINGS)
    with SurveyReader(closed) as reader:
        assert [session.info for session in reader.sessions()] == [made_with]
        assert reader.frame_counts() == {}
    Survey.resume(closed).close()
    with SurveyReader(closed) as reader:
        assert [session.info for session in reader.sessions()] == [made_with, made_with]


def test_one_process_at_a_time_writes_and_others_read(survey: Survey) -> None:
    with pytest.raises(SurveyError, match="is being written by another crackscan"):
        Survey.resume(survey.folder)
    survey.add_finding(sighting(1))
    with SurveyReader(survey.folder) as reader:
        assert reader.counts().findings == 1
        survey.add_finding(sighting(2))
        assert reader.counts().findings == 2


def test_a_clock_that_is_set_later_puts_earlier_times_right(tmp_path: Path) -> None:
    told: list[SatelliteTime] = []
    clock = Clock(lambda: told[-1] if told else None, tmp_path)
    survey = Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD, clock)
    wrong = Instant(50.0, 12.0, ClockSource.UNKNOWN)
    survey.add_note(Note(wrong, NoteKind.MARK, "before"))
    told.append(SatelliteTime(WALL_S, monotonic_s=60.0))
    survey.add_note(Note(clock.now(), NoteKind.MARK, "after"))
    [session] = survey.sessions()
    survey.close()
    assert (
        session.began.wall_from == ClockSource.UNKNOWN
        and session.anchor.wall_from == ClockSource.GPS
    )
    right = best_time(wrong, session)
    assert right.wall_s == pytest.approx(WALL_S - 10.0) and right.wall_from == ClockSource.GPS
    assert best_time(moment(5), session) == moment(5)


def test_times_are_told_in_utc_to_the_millisecond() -> None:
    assert iso_time(1_800_000_000.0) == "2027-01-15T08:00:00.000Z"
    assert iso_time(0.0006) == "1970-01-01T00:00:00.001Z"
    assert iso_time(1e30) == iso_time(float("nan")) == ""


def test_what_a_kill_left_half_done_is_tidied_up(tmp_path: Path) -> None:
    folder = tmp_path / "visit"
    survey = Survey.create(folder, INFO, SETTINGS, CARD)
    number = survey.add_finding(sighting(1))
    kept = survey.add_picture(b"kept", "a", moment(1), number)
    survey.close()
    for name in ("00000009.jpg", ".00000010.jpg.part"):
        (folder / "frames" / name).write_bytes(b"stray")
    (tmp_path / ".next.new").mkdir()
    Survey.resume(folder).close()
    assert names(folder / "frames") == [Path(kept).name]
    Survey.create(tmp_path / "next", INFO, SETTINGS, CARD).close()
    assert names(tmp_path) == ["next", "visit"]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def refused(folder: Path, told: str, read: bool = True) -> None:
    """Both ways of opening say it in one line, and the folder's files are as they were."""
    before = snapshot(folder) if folder.is_dir() else {}
    for opening in (Survey.resume, SurveyReader) if read else (Survey.resume,):
        with pytest.raises(SurveyError) as error:
            opening(folder)
        assert told in str(error.value) and "\n" not in str(error.value)
    assert (snapshot(folder) if folder.is_dir() else {}) == before


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    survey = Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD)
    with survey.transaction():
        for number in range(200):
            survey.add_finding(sighting(number, geotag=place()))
    survey.close()
    return survey.folder


def test_a_folder_without_a_survey_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "holds no survey: there is no survey.sqlite in it")
    with pytest.raises(SurveyError, match="missing"):
        Survey.resume(tmp_path / "missing")


def test_a_survey_is_never_made_over_another(closed: Path) -> None:
    before = snapshot(closed)
    with pytest.raises(SurveyError, match="exists already"):
        Survey.create(closed, INFO, SETTINGS, CARD)
    assert snapshot(closed) == before


def test_a_newer_record_is_refused(closed: Path) -> None:
    with sqlite3.connect(closed / DATABASE) as newer:
        newer.execute("PRAGMA journal_mode = DELETE")
        newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    newer.close()
    known = len(STEPS)
    message = f"by a newer crackscan (schema {known + 1}, this one reads up to {known}): update"
    refused(closed, message)


def test_another_programs_database_is_refused(closed: Path) -> None:
    (closed / DATABASE).unlink()
    with sqlite3.connect(closed / DATABASE) as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    refused(closed, "is a database, but not a survey of crackscan")


@pytest.mark.parametrize("size", [0, 50, 100])
def test_a_record_cut_short_in_its_head_is_refused(closed: Path, size: int) -> None:
    data = (closed / DATABASE).read_bytes()
    (closed / DATABASE).write_bytes(data[:size])
    refused(closed, "is damaged", read=size < 72)


@pytest.mark.parametrize("page", range(1, 12))
def test_a_damaged_page_is_found_before_anything_is_written(closed: Path, page: int) -> None:
    data = bytearray((closed / DATABASE).read_bytes())
    assert len(data) > 12 * 4096
    data[page * 4096 : page * 4096 + 2048] = b"\xa5" * 2048
    (closed / DATABASE).write_bytes(data)
    refused(closed, "is damaged", read=False)


READ_ONLY = """
import os, sys
from pathlib import Path
from crackscan.edge.survey import Survey, SurveyReader
if os.getuid() == 0:  # whom no mode of a file stops
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
with SurveyReader(Path(sys.argv[1])) as reader:
    print(reader.counts().findings)
try:
    Survey.resume(Path(sys.argv[1]))
except Exception as error:
    print(error)
"""


def test_a_record_on_a_disk_that_cannot_be_written_is_still_read(closed: Path) -> None:
    for folder in closed.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    (closed / DATABASE).chmod(0o444)
    closed.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(closed)], capture_output=True, text=True
    )
    closed.chmod(0o755)
    assert done.returncode == 0, done.stderr
    count, refusal = done.stdout.splitlines()
    assert count == "200" and "cannot be opened: attempt to write a readonly database" in refusal


def test_a_step_of_the_schema_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    connection = create_database(tmp_path)

    def second(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE finding ADD COLUMN depth_mm REAL")

    def third(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE extra (x)")
        connection.execute("CREATE TABLE extra (x)")

    steps = (*STEPS, second, third)
    with pytest.raises(sqlite3.OperationalError):
        migrate_schema(connection, steps)
    assert read_schema_version(connection) == len(STEPS) + 1
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(finding)")}
    assert "depth_mm" in columns
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'extra'").fetchall()
    migrate_schema(connection, steps[:2])
    connection.close()


def test_a_record_that_is_copied_while_written_is_whole(survey: Survey, tmp_path: Path) -> None:
    survey.add_finding(sighting(1))
    copy = shutil.copytree(survey.folder, tmp_path / "copy")
    with SurveyReader(copy) as reader:
        assert reader.counts().findings == 1


def test_a_part_of_another_finding_goes_and_its_reviews_pass_on(survey: Survey) -> None:
    whole, part = survey.add_finding(sighting(1)), survey.add_finding(sighting(2))
    survey.add_picture(b"whole", "a", moment(1), whole)
    path = survey.add_picture(b"part", "b", moment(2), part)
    survey.add_review(Review(part, ReviewVerdict.ACCEPTED, "Ann", moment(3)))
    survey.absorb_finding(part, whole)
    [left] = survey.findings()
    assert (left.id, left.verdict) == (whole, ReviewVerdict.ACCEPTED)
    assert not (survey.folder / path).exists() and left.picture is not None
    assert survey.picture_bytes == 5 == survey.counts().picture_bytes
    survey.absorb_finding(whole, 99)
    assert survey.finding(whole) is not None, "a finding is not lost to one that is not there"


def test_the_findings_of_a_photograph_share_its_picture(survey: Survey) -> None:
    photo = ScannedPicture("a.jpg", moment(0), findings=2)
    assert survey.add_scanned(photo, [sighting(1), sighting(2)], b"jpeg")
    first, second = survey.findings()
    assert first.picture == second.picture is not None and survey.counts().pictures == 1
    survey.absorb_finding(first.id, second.id)
    assert (survey.folder / second.picture).read_bytes() == b"jpeg", "the other one still has it"


def test_a_record_can_be_made_beside_other_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SurveyError, match="exists already"):
        Survey.create(tmp_path, INFO, SETTINGS, CARD)
    Survey.create(tmp_path, INFO, SETTINGS, CARD, beside=True).close()
    with SurveyReader(tmp_path) as reader:
        assert reader.info() == INFO and reader.settings() == SETTINGS
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(SurveyError, match="exists already"):
        Survey.create(tmp_path, INFO, SETTINGS, CARD, beside=True)
