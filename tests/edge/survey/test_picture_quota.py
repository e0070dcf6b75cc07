"""Saving of pictures stops at the quota and resumes with a margin; each change is reported once."""

from pathlib import Path

from crackscan.edge.survey.pictures import PictureQuota, QuotaMonitor


def test_each_change_is_reported_once_whatever_number_the_reason_holds() -> None:
    monitor = QuotaMonitor(PictureQuota())
    outcomes = (None, "499 MB", "498 MB", "499 MB", None, None, "490 MB")
    messages = [monitor.update_state(refusal) for refusal in outcomes]
    assert [message for message in messages if message] == [
        "pictures are no longer saved: 499 MB",
        "pictures are saved again",
        "pictures are no longer saved: 490 MB",
    ]
    assert monitor.stopped == "490 MB"


def test_a_small_picture_that_just_fits_does_not_resume_saving(tmp_path: Path) -> None:
    monitor = QuotaMonitor(PictureQuota(max_bytes=1_000_000, reserve_bytes=0))
    assert monitor.refuse_picture(tmp_path, 980_000, 10_000) is None, "it fits"
    monitor.update_state(monitor.refuse_picture(tmp_path, 980_000, 50_000))
    assert monitor.stopped is not None
    assert monitor.refuse_picture(tmp_path, 980_000, 10_000) is not None, "without the margin"
    assert monitor.refuse_picture(tmp_path, 900_000, 10_000) is None
