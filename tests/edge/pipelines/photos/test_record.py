"""Every photograph comes into the record once, however often and in whatever pieces it is run."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from photographing import (
    CRACKED,
    INTACT,
    METHOD,
    NO_RESERVE,
    NotingPool,
    jpeg,
    opened,
    photographs,
    run,
    sample,
)

from crackscan.core.errors import CrackscanError, SurveyError
from crackscan.core.model_card import append_card
from crackscan.core.pictures import read_picture
from crackscan.edge.pipelines.photos.listing import list_photos
from crackscan.edge.pipelines.photos.record import PhotoRecorder
from crackscan.edge.pipelines.photos.scan_photos import scan_photos
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import Method
from crackscan.edge.survey import (
    NoteKind,
    PictureQuota,
    Review,
    ReviewVerdict,
    Survey,
    SurveyReader,
)


@pytest.fixture(scope="module")
def pool() -> NotingPool:
    return NotingPool()


def test_a_run_that_is_ended_goes_on_where_it_was(tmp_path: Path, pool: NotingPool) -> None:
    folder, out = photographs(tmp_path / "flight", 8), tmp_path / "visit"
    pool.names.clear()
    first = run(folder, out, pool, stopped=lambda: len(pool.names) == 3)
    assert (first.done, first.complete) == (3, False)
    second = run(folder, out, pool)
    assert (second.before, second.done, second.complete) == (3, 5, True)
    assert run(folder, out, pool).done == 0
    assert len(pool.names) == len(set(pool.names)) == 8
    with SurveyReader(out) as reader:
        scanned = {one.name: one for one in reader.scanned()}
        assert scanned.keys() == set(pool.names)
        found = list(reader.findings())
        assert {one.sighting.frame for one in found} == {
            name for name, one in scanned.items() if one.findings
        }
        assert len(found) == sum(one.findings for one in scanned.values()) >= 4
        for one in found:
            assert one.picture is not None and one.sighting.lines
            assert read_picture(out / one.picture).shape == (227, 227, 3)
            shown = reader.close_up(one.id)
            assert shown is not None and max(read_picture(out / shown).shape) > 227


def test_a_photograph_that_was_replaced_is_processed_again(
    tmp_path: Path, pool: NotingPool
) -> None:
    folder, out = photographs(tmp_path / "flight", 4), tmp_path / "visit"
    run(folder, out, pool)
    with Survey.resume(out) as survey:
        reviewed = next(iter(survey.findings()))
        assert reviewed.sighting.frame == "north/0000.jpg"
        survey.add_review(Review(reviewed.id, ReviewVerdict.ACCEPTED, "Ada", survey.clock.now()))
    (folder / "north/0000.jpg").write_bytes(jpeg(sample(INTACT)))
    (folder / "south/0002.jpg").write_bytes(jpeg(sample(INTACT)))
    os.utime(folder / "south/0003.jpg", ns=(5, 5))
    tally = run(folder, out, pool)
    assert (tally.replaced, tally.done, tally.before) == (2, 2, 2)
    assert run(folder, out, pool).done == 0
    with SurveyReader(out) as reader:
        assert [one.id for one in reader.findings()] == [reviewed.id]
        assert {one.name: one.findings for one in reader.scanned()} == {
            "north/0000.jpg": 0, "north/0001.jpg": 0, "south/0002.jpg": 0, "south/0003.jpg": 0,
        }  # fmt: skip
        notes = [note for _, note in reader.notes() if note.kind is NoteKind.WARNING]
        assert len(notes) == 2 and "replaced by another file" in notes[0].text
        named = {one.path for one in reader.pictures()}
        assert named == {f"frames/{path.name}" for path in (out / "frames").iterdir()}


def test_what_was_skipped_is_recorded_with_the_reason_and_tried_again_if_it_may_help(
    tmp_path: Path, pool: NotingPool
) -> None:
    folder, out = photographs(tmp_path / "flight", 2), tmp_path / "visit"
    whole = (folder / "north/0000.jpg").read_bytes()
    (folder / "north/0000.jpg").write_bytes(whole[:3000])
    (folder / "south/0001.jpg").write_bytes(b"")
    assert len(run(folder, out, pool).skipped) == 2
    pool.names.clear()
    run(folder, out, pool)
    assert pool.names == ["south/0001.jpg"]
    (folder / "north/0000.jpg").write_bytes(whole)  # copied to the end
    assert run(folder, out, pool).findings >= 1
    with SurveyReader(out) as reader:
        reasons = {one.name: one.skipped for one in reader.scanned()}
    assert reasons == {"north/0000.jpg": "", "south/0001.jpg": "is empty (0 bytes)"}


def test_pictures_keep_to_their_budget_and_findings_do_not(
    tmp_path: Path, pool: NotingPool
) -> None:
    folder, out = photographs(tmp_path / "flight", 8), tmp_path / "visit"
    run(folder, out, pool, PictureQuota(100_000, reserve_bytes=0))
    with SurveyReader(out) as reader:
        counts = reader.counts()
        assert counts.findings >= 4 and 0 < counts.picture_bytes <= 100_000
        [note] = [note for _, note in reader.notes()]
    assert note.text == "pictures are no longer saved: the picture quota of 0 MB is used up"


def test_a_survey_made_in_another_way_is_not_gone_on_with(tmp_path: Path, pool: NotingPool) -> None:
    folder, out = photographs(tmp_path / "flight", 2), tmp_path / "visit"
    run(folder, out, pool)
    with pytest.raises(SurveyError, match=r"another --operating-point \(.*now.*high-recall\)"):
        opened(folder, out, Method(METHOD.model, "high-recall"))
    model = tmp_path / "other.tflite"
    content = Path(METHOD.model).read_bytes()
    card = replace(pool.detector.model.card, version="other")
    append_card(content[: content.index(b"PK\x03\x04")], card, model)
    with pytest.raises(SurveyError, match="made with another model"):
        opened(folder, out, Method(str(model)))
    other = tmp_path / "other flight"
    other.mkdir()
    (other / "IMG_1.jpg").write_bytes(jpeg(sample(INTACT)))
    with pytest.raises(SurveyError, match=r"holds the pictures of .*flight: name another folder"):
        opened(other, out)
    folder.rename(tmp_path / "moved")
    assert run(tmp_path / "moved", out, pool).before == 2
    with SurveyReader(out) as reader:
        Survey.create(tmp_path / "scan", reader.info(), {}, "{}").close()
    with pytest.raises(SurveyError, match="was not made from photographs"):
        opened(tmp_path / "moved", tmp_path / "scan")
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "notes.txt").touch()
    with pytest.raises(CrackscanError, match="is not empty and holds no scan"):
        opened(tmp_path / "moved", tmp_path / "things")


def test_a_disk_that_takes_no_more_ends_the_run_with_a_whole_record(
    tmp_path: Path, pool: NotingPool
) -> None:
    """SQLite's own limit of pages is met as a full disk is."""
    folder, out = photographs(tmp_path / "flight", 12), tmp_path / "visit"
    with opened(folder, out) as survey:
        pages = survey._connection.execute("PRAGMA page_count").fetchone()[0]
        survey._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        recorder = PhotoRecorder(survey, NO_RESERVE)
        with pytest.raises(SurveyError, match=r"full; .*run it again to go on"):
            scan_photos(list_photos(folder), pool, recorder, PhotoTally())
        assert survey.counts().scanned == len(list(survey.scanned())) < 12
    assert run(folder, out, pool).complete
    with sqlite3.connect(out / "survey.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        [[wrong]] = connection.execute(
            "SELECT count(*) FROM scanned WHERE findings !="
            " (SELECT count(*) FROM finding WHERE frame = scanned.name)"
        ).fetchall()
    assert wrong == 0


def test_a_photograph_full_of_cracks_costs_no_more_than_so_many_pictures(
    tmp_path: Path, pool: NotingPool
) -> None:
    tile = np.concatenate([sample(CRACKED), sample(INTACT), sample(INTACT)])
    wall = np.concatenate([tile, np.concatenate([sample(INTACT)] * 3)], axis=1)
    folder, out = tmp_path / "flight", tmp_path / "visit"
    folder.mkdir()
    (folder / "wall.jpg").write_bytes(jpeg(np.concatenate([wall] * 6, axis=1)))
    tally = run(folder, out, pool)
    with SurveyReader(out) as reader:
        counts = reader.counts()
    assert counts.findings == tally.findings >= 4
    assert counts.pictures <= min(tally.findings, 12) + 1
