"""The same wall twice: what grew is told from what only looks different, and by how much."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from surveyed import SAMPLES, crack_cells, drawn, make_survey, measured, moment, numbered, place

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.cli import crackscan
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.positioning import Geotag
from crackscan.edge.reporting.compare.align import Features, Overlay, features_of, likeness, overlay
from crackscan.edge.reporting.compare.change import Change, change_of, difference
from crackscan.edge.reporting.compare.compare import LIKELIEST, Comparison, compare
from crackscan.edge.survey import Measured, Review, Sighting, Survey, SurveyReader, Verdict

SHIFT = (40, -24)


@cache
def wall(width_px: float = 4.0, to: int = 360, shift: tuple[int, int] = (0, 0)) -> RGB:
    return drawn(width_px, to, shift)


@cache
def seen(
    width_px: float = 4.0, to: int = 360, shift: tuple[int, int] = (0, 0), scaled: bool = True
) -> tuple[Sighting, RGB]:
    rgb = wall(width_px, to, shift)
    crack = measured(rgb, crack_cells(rgb, shift))
    return (crack if scaled else replace(crack, scale=None)), rgb


def compared(tmp_path: Path, old: list[object], new: list[object]) -> Comparison:
    before = make_survey(tmp_path / "old", old)  # type: ignore[arg-type]
    after = make_survey(tmp_path / "new", new)  # type: ignore[arg-type]
    with SurveyReader(before) as one, SurveyReader(after) as two:
        return compare(one, two)


@pytest.mark.parametrize(
    "before, after, sign",
    [((2.0, 0.3), (2.4, 0.2), 1), ((2.0, 0.3), (2.3, 0.2), 0), ((2.4, 0.1), (2.0, 0.1), -1)],
)
def test_a_difference_counts_beyond_both_uncertainties(
    before: tuple[float, float], after: tuple[float, float], sign: int
) -> None:
    found = difference((Measured(*before), 1.0, 0.0), (Measured(*after), 1.0, 0.0), None)
    assert found is not None and found.sign == sign and found.unit == "mm"


def test_an_uncertain_scale_hides_growth_and_pixels_need_the_zoom() -> None:
    thin, wide = Measured(2.0, 0.1), Measured(2.6, 0.1)
    sure = difference((thin, 0.1, 0.02), (wide, 0.1, 0.02), None)
    vague = difference((thin, 0.1, 0.25), (wide, 0.1, 0.25), None)
    assert sure is not None and vague is not None
    assert sure.sign == 1 and vague.sign == 0
    assert difference((thin, None, 0), (wide, 0.1, 0.02), None) is None
    nearer = difference((thin, None, 0), (wide, None, 0), 1.3)
    assert nearer is not None and nearer.unit == "px" and nearer.sign == 0
    assert change_of(None, None) is Change.SAME


def test_pictures_are_laid_over_each_other() -> None:
    before, after = wall(), wall(shift=SHIFT)
    laid = overlay(features_of(before, 640, 480), features_of(after, 640, 480))
    assert laid is not None
    points = np.array([[100.0, 100.0], [500.0, 300.0]])
    assert laid.forth(points) == pytest.approx(points - np.array(SHIFT), abs=1.5)
    assert laid.back(laid.forth(points)) == pytest.approx(points, abs=0.01)
    assert laid.zoom_at(points[0]) == pytest.approx(1.0, abs=0.02)


def test_the_same_wall_is_likelier_at_first_sight() -> None:
    here = features_of(wall(), 640, 480)
    again = features_of(wall(shift=SHIFT), 640, 480)
    other = read_picture(SAMPLES / "intact-tiles-and-shadows.jpg")
    there = features_of(other, other.shape[1], other.shape[0])
    assert likeness(again, here) > 5 * likeness(again, there)
    nothing = features_of(np.full((480, 640, 3), 128, np.uint8), 640, 480)
    assert likeness(nothing, here) == likeness(here, nothing) == 0


def test_pictures_of_other_walls_are_not() -> None:
    samples = Path(__file__).parents[3] / "samples"
    other = read_picture(samples / "intact-tiles-and-shadows.jpg")
    there = features_of(other, other.shape[1], other.shape[0])
    assert overlay(features_of(wall(), 640, 480), there) is None
    plain = np.full((480, 640, 3), 128, np.uint8)
    assert overlay(features_of(plain, 640, 480), there) is None


@pytest.mark.parametrize("scaled", [True, False])
def test_the_same_crack_from_another_place_has_not_grown(tmp_path: Path, scaled: bool) -> None:
    found = compared(tmp_path, [seen(scaled=scaled)], [seen(shift=SHIFT, scaled=scaled)])
    [one] = found.changes
    assert one.change is Change.SAME and one.matched_by == "picture"
    assert one.width is not None and one.width.unit == ("mm" if scaled else "px")


@pytest.mark.parametrize("scaled", [True, False])
def test_a_wider_crack_has_grown_and_the_other_way_round_it_is_smaller(
    tmp_path: Path, scaled: bool
) -> None:
    thin, wide = seen(4.0, scaled=scaled), seen(8.0, shift=SHIFT, scaled=scaled)
    [one] = compared(tmp_path / "a", [thin], [wide]).changes
    assert one.change is Change.GROWN
    assert one.width is not None and one.width.sign == 1
    assert one.width.value == pytest.approx(0.4 if scaled else 4.0, rel=0.3)
    [back] = compared(tmp_path / "b", [wide], [thin]).changes
    assert back.change is Change.SMALLER


def test_a_longer_crack_has_grown(tmp_path: Path) -> None:
    [one] = compared(tmp_path, [seen(to=240)], [seen(to=400)]).changes
    assert one.change is Change.GROWN
    assert one.length is not None and one.length.value > 10


def test_a_crack_that_is_found_in_pieces_is_neither_new_nor_smaller(tmp_path: Path) -> None:
    crack, rgb = seen()
    [line] = crack.lines
    assert crack.measures is not None
    pieces = [
        replace(crack, lines=(part,), measures=replace(crack.measures, length=Measured(size, 5.0)))
        for part, size in ((line[:-60], 250.0), (line[-50:], 50.0))
    ]
    found = compared(tmp_path, [(crack, rgb)], [(piece, rgb) for piece in pieces])
    [one] = found.changes
    assert one.change is Change.SAME and one.length is None
    assert one.after is not None and one.after.number == 1


def test_new_and_gone_say_whether_anybody_looked(tmp_path: Path) -> None:
    crack, rgb = seen()
    extra = replace(
        crack, box=BoundingBox(480, 48, 512, 80), cells=((3, 30), (4, 31)), lines=(), measures=None
    )
    far = numbered(7, 3.0, geotag=place(500, 0))
    found = compared(tmp_path, [(crack, rgb), (far, None)], [(crack, rgb), (extra, rgb)])
    told = {(one.change, one.looked) for one in found.changes}
    assert told == {(Change.SAME, True), (Change.NEW, True), (Change.GONE, False)}


def test_without_pictures_the_position_decides_if_it_can(tmp_path: Path) -> None:
    old = [(numbered(1, 3.0, geotag=place(0)), None), (numbered(2, 3.0, geotag=place(50)), None)]
    new = [
        (numbered(1, 6.0, geotag=place(1)), None),
        (numbered(2, 3.0, geotag=place(50)), None),
        (numbered(3, 3.0, geotag=place(51)), None),
        (numbered(4, 3.0, geotag=Geotag()), None),
    ]
    found = compared(tmp_path, old, new)
    assert found.changes[0].change is Change.GROWN
    assert found.changes[0].matched_by == "position"
    assert found.count(Change.NEW) == 3 and found.count(Change.GONE) == 1


def test_rejected_findings_are_left_out(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [seen()])
    with Survey.resume(folder) as survey:
        survey.add_review(Review(1, Verdict.REJECTED, "Ann", moment(3)))
    with SurveyReader(folder) as one, SurveyReader(folder) as two:
        assert compare(one, two).changes == ()


def test_the_command_and_the_report_tell_the_same(tmp_path: Path) -> None:
    before = make_survey(tmp_path / "old", [seen(4.0)])
    after = make_survey(tmp_path / "new", [seen(8.0, shift=SHIFT)])
    done = CliRunner().invoke(crackscan, ["compare", str(before), str(after), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["grown"] == 1 and told["changes"][0]["width"]["unit"] == "mm"
    table = CliRunner().invoke(crackscan, ["compare", str(before), str(after)])
    assert "1 grown, 0 new, 0 gone" in table.output
    out = tmp_path / "r.html"
    arguments = ["report", str(after), "--since", str(before), "--out", str(out)]
    assert CliRunner().invoke(crackscan, arguments).exit_code == 0
    page = out.read_text()
    assert "Since the survey before" in page and "<b>grown</b>" in page


def test_among_many_pictures_without_places_none_is_lost_and_few_are_laid_over_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cracked = sorted((SAMPLES / "patches" / "positive").glob("*.jpg"))[: LIKELIEST + 4]
    mark = numbered(1, 3.0, geotag=Geotag())
    old, new = [], []
    for i, path in enumerate(cracked):
        rgb = cv2.resize(read_picture(path), (400, 400), interpolation=cv2.INTER_CUBIC)
        later = np.ascontiguousarray(rgb[20:380, 30:390])
        old.append((replace(mark, frame=f"a{i}", frame_width=400, frame_height=400,
                            box=BoundingBox(160, 160, 192, 192)), rgb))  # fmt: skip
        new.append((replace(mark, frame=f"b{i}", frame_width=360, frame_height=360,
                            box=BoundingBox(130, 140, 162, 172)), later))  # fmt: skip
    tried = 0

    def counted(before: Features, after: Features) -> Overlay | None:
        nonlocal tried
        tried += 1
        return overlay(before, after)

    monkeypatch.setattr("crackscan.edge.reporting.compare.compare.overlay", counted)
    found = compared(tmp_path, old, new)  # type: ignore[arg-type]
    assert tried == len(cracked) * LIKELIEST
    pairs = {(one.before.number, one.after.number) for one in found.changes
             if one.before is not None and one.after is not None}  # fmt: skip
    assert pairs == {(n, n) for n in range(1, len(cracked) + 1)}
