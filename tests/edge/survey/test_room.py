"""That pictures end, and that they begin again, is said once."""

from pathlib import Path

from crackscan.edge.survey.pictures import Budget, Room


def test_each_change_is_told_once_whatever_the_number_says() -> None:
    room = Room(Budget())
    told = [
        room.say(refusal) for refusal in (None, "499 MB", "498 MB", "499 MB", None, None, "490 MB")
    ]
    assert [line for line in told if line] == [
        "no more pictures: 499 MB",
        "pictures are saved again",
        "no more pictures: 490 MB",
    ]
    assert room.ended == "490 MB"


def test_a_small_picture_that_just_fits_does_not_begin_them_again(tmp_path: Path) -> None:
    room = Room(Budget(pictures_bytes=1_000_000, reserve_bytes=0))
    assert room.refusal(tmp_path, 980_000, 10_000) is None, "there is room for it"
    room.say(room.refusal(tmp_path, 980_000, 50_000))
    assert room.ended is not None
    assert room.refusal(tmp_path, 980_000, 10_000) is not None, "but not enough to begin again"
    assert room.refusal(tmp_path, 900_000, 10_000) is None
