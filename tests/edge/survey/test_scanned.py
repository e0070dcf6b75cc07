"""A replaced photograph is recognised; its old findings are removed unless they were reviewed."""

from pathlib import Path

from surveying import CARD, INFO, SETTINGS, moment, names, sighting

from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.survey import Review, ReviewVerdict, ScannedPicture, Survey

OLD, NEW = FileMark(100, 5, "00ff"), FileMark(100, 6, "00fe")


def test_the_file_mark_of_a_picture_is_stored_with_its_name(tmp_path: Path) -> None:
    with Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD) as survey:
        survey.add_scanned(ScannedPicture("a.jpg", moment(1), file=OLD))
        survey.add_scanned(ScannedPicture("b.jpg", moment(2), skipped="cannot be read"))
        assert survey.file_marks() == {"a.jpg": OLD, "b.jpg": None}
        survey.set_file_mark("a.jpg", NEW)
        assert [one.file for one in survey.scanned()] == [NEW, None]


def test_the_findings_of_a_replaced_photograph_are_removed_except_reviewed_ones(
    tmp_path: Path,
) -> None:
    with Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD) as survey:
        survey.add_scanned(ScannedPicture("a.jpg", moment(1), 2, file=OLD))
        first, second, other = (
            survey.add_finding(sighting(number, frame=frame))
            for number, frame in enumerate(("a.jpg", "a.jpg", "b.jpg"))
        )
        kept = survey.add_picture(b"reviewed", "a.jpg", moment(1), first)
        shown = survey.add_picture(b"close", "a.jpg", moment(1), close_up_of=first)
        gone = survey.add_picture(b"not reviewed", "a.jpg", moment(1), second)
        hidden = survey.add_picture(b"close", "a.jpg", moment(1), close_up_of=second)
        view = survey.add_picture(b"of the whole", "a.jpg", moment(1))
        theirs = survey.add_picture(b"of another", "b.jpg", moment(1), other)
        survey.add_review(Review(first, ReviewVerdict.ACCEPTED, "Ada", moment(3)))
        assert sorted(survey.forget_scanned("a.jpg")) == sorted([gone, hidden, view])
        assert {one.id for one in survey.findings()} == {first, other}
        assert not survey.is_scanned("a.jpg")
        assert survey.picture_bytes == len(b"reviewedcloseof another")
        assert survey.close_up(first) == shown and survey.close_up(second) is None
    Survey.resume(tmp_path / "visit").close()
    assert names(tmp_path / "visit" / "frames") == sorted(
        Path(one).name for one in (kept, shown, theirs)
    )
