"""Two surveys of one wall: growth is distinguished from differences between the pictures."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from synthetic_surveys import (
    SAMPLES,
    draw_wall,
    find_crack_cells,
    make_geotag,
    make_instant,
    make_sighting,
    make_survey,
    measure_finding,
)

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.cli import crackscan
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.values import Scale
from crackscan.edge.positioning import Geotag
from crackscan.edge.reporting.compare.alignment import (
    Alignment,
    Features,
    align_pictures,
    count_similar,
    extract_features,
)
from crackscan.edge.reporting.compare.candidates import PARAMETERS as CANDIDATES
from crackscan.edge.reporting.compare.change import Change, classify_change, compute_difference
from crackscan.edge.reporting.compare.comparison import Comparison, compare_surveys
from crackscan.edge.survey import Measurement, Review, ReviewVerdict, Sighting, Survey, SurveyReader

SHIFT = (40, -24)


@cache
def wall(width_px: float = 4.0, to: int = 360, shift: tuple[int, int] = (0, 0)) -> RGB:
    return draw_wall(width_px, to, shift)


@cache
def crack_on_wall(
    width_px: float = 4.0, to: int = 360, shift: tuple[int, int] = (0, 0), scaled: bool = True
) -> tuple[Sighting, RGB]:
    rgb = wall(width_px, to, shift)
    crack = measure_finding(rgb, find_crack_cells(rgb, shift))
    return (crack if scaled else replace(crack, scale=None)), rgb


def compare_surveys_of(tmp_path: Path, old: list[object], new: list[object]) -> Comparison:
    before = make_survey(tmp_path / "old", old)  # type: ignore[arg-type]
    after = make_survey(tmp_path / "new", new)  # type: ignore[arg-type]
    with SurveyReader(before) as one, SurveyReader(after) as two:
        return compare_surveys(one, two)


@pytest.mark.parametrize(
    "before, after, sign",
    [((2.0, 0.3), (2.4, 0.2), 1), ((2.0, 0.3), (2.3, 0.2), 0), ((2.4, 0.1), (2.0, 0.1), -1)],
)
def test_a_difference_counts_beyond_both_uncertainties(
    before: tuple[float, float], after: tuple[float, float], sign: int
) -> None:
    exact = Scale(1.0, 0.0, "target")
    found = compute_difference(Measurement(*before), Measurement(*after), (exact, exact), None)
    assert found is not None and found.sign == sign and found.unit == "mm"


def test_an_uncertain_scale_hides_growth_and_pixels_need_the_zoom() -> None:
    thin, wide = Measurement(2.0, 0.1), Measurement(2.6, 0.1)
    good, poor = Scale(0.1, 0.02, "target"), Scale(0.1, 0.25, "target")
    certain = compute_difference(thin, wide, (good, good), None)
    uncertain = compute_difference(thin, wide, (poor, poor), None)
    assert certain is not None and uncertain is not None
    assert certain.sign == 1 and uncertain.sign == 0
    assert compute_difference(thin, wide, (None, good), None) is None
    nearer = compute_difference(thin, wide, (None, None), 1.3)
    assert nearer is not None and nearer.unit == "px" and nearer.sign == 0
    assert classify_change(None, None) is Change.SAME


def test_pictures_of_the_same_wall_are_aligned() -> None:
    before, after = wall(), wall(shift=SHIFT)
    found = align_pictures(extract_features(before, 640, 480), extract_features(after, 640, 480))
    assert found is not None
    points = np.array([[100.0, 100.0], [500.0, 300.0]])
    assert found.to_later(points) == pytest.approx(points - np.array(SHIFT), abs=1.5)
    assert found.to_earlier(found.to_later(points)) == pytest.approx(points, abs=0.01)
    assert found.zoom_at(points[0]) == pytest.approx(1.0, abs=0.02)


def test_the_same_wall_has_more_similar_features_than_another_one() -> None:
    here = extract_features(wall(), 640, 480)
    again = extract_features(wall(shift=SHIFT), 640, 480)
    other = read_picture(SAMPLES / "intact-tiles-and-shadows.jpg")
    there = extract_features(other, other.shape[1], other.shape[0])
    assert count_similar(again, here) > 5 * count_similar(again, there)
    nothing = extract_features(np.full((480, 640, 3), 128, np.uint8), 640, 480)
    assert count_similar(nothing, here) == count_similar(here, nothing) == 0


def test_pictures_of_different_walls_are_not_aligned() -> None:
    samples = Path(__file__).parents[3] / "samples"
    other = read_picture(samples / "intact-tiles-and-shadows.jpg")
    there = extract_features(other, other.shape[1], other.shape[0])
    assert align_pictures(extract_features(wall(), 640, 480), there) is None
    plain = np.full((480, 640, 3), 128, np.uint8)
    assert align_pictures(extract_features(plain, 640, 480), there) is None


@pytest.mark.parametrize("scaled", [True, False])
def test_the_same_crack_from_another_viewpoint_has_not_grown(tmp_path: Path, scaled: bool) -> None:
    found = compare_surveys_of(
        tmp_path, [crack_on_wall(scaled=scaled)], [crack_on_wall(shift=SHIFT, scaled=scaled)]
    )
    [one] = found.changes
    assert one.change is Change.SAME and one.matched_by == "picture"
    assert one.width is not None and one.width.unit == ("mm" if scaled else "px")


@pytest.mark.parametrize("scaled", [True, False])
def test_a_wider_crack_has_grown_and_a_narrower_one_is_smaller(
    tmp_path: Path, scaled: bool
) -> None:
    thin, wide = crack_on_wall(4.0, scaled=scaled), crack_on_wall(8.0, shift=SHIFT, scaled=scaled)
    [one] = compare_surveys_of(tmp_path / "a", [thin], [wide]).changes
    assert one.change is Change.GROWN
    assert one.width is not None and one.width.sign == 1
    assert one.width.value == pytest.approx(0.4 if scaled else 4.0, rel=0.3)
    [back] = compare_surveys_of(tmp_path / "b", [wide], [thin]).changes
    assert back.change is Change.SMALLER


def test_a_longer_crack_has_grown(tmp_path: Path) -> None:
    [one] = compare_surveys_of(tmp_path, [crack_on_wall(to=240)], [crack_on_wall(to=400)]).changes
    assert one.change is Change.GROWN
    assert one.length is not None and one.length.value > 10


def test_a_crack_that_is_found_in_two_parts_is_neither_new_nor_smaller(tmp_path: Path) -> None:
    crack, rgb = crack_on_wall()
    [line] = crack.lines
    assert crack.measures is not None
    parts = [
        replace(
            crack, lines=(part,), measures=replace(crack.measures, length=Measurement(size, 5.0))
        )
        for part, size in ((line[:-60], 250.0), (line[-50:], 50.0))
    ]
    found = compare_surveys_of(tmp_path, [(crack, rgb)], [(part, rgb) for part in parts])
    [one] = found.changes
    assert one.change is Change.SAME and one.length is None
    assert one.after is not None and one.after.number == 1


def test_new_and_gone_cracks_report_whether_the_other_survey_covers_their_place(
    tmp_path: Path,
) -> None:
    crack, rgb = crack_on_wall()
    extra = replace(
        crack, box=BoundingBox(480, 48, 512, 80), cells=((3, 30), (4, 31)), lines=(), measures=None
    )
    far = make_sighting(7, 3.0, geotag=make_geotag(500, 0))
    found = compare_surveys_of(tmp_path, [(crack, rgb), (far, None)], [(crack, rgb), (extra, rgb)])
    reported = {(one.change, one.is_place_covered) for one in found.changes}
    assert reported == {(Change.SAME, True), (Change.NEW, True), (Change.GONE, False)}


def test_without_pictures_the_position_decides_if_it_can(tmp_path: Path) -> None:
    old = [
        (make_sighting(1, 3.0, geotag=make_geotag(0)), None),
        (make_sighting(2, 3.0, geotag=make_geotag(50)), None),
    ]
    new = [
        (make_sighting(1, 6.0, geotag=make_geotag(1)), None),
        (make_sighting(2, 3.0, geotag=make_geotag(50)), None),
        (make_sighting(3, 3.0, geotag=make_geotag(51)), None),
        (make_sighting(4, 3.0, geotag=Geotag()), None),
    ]
    found = compare_surveys_of(tmp_path, old, new)
    assert found.changes[0].change is Change.GROWN
    assert found.changes[0].matched_by == "position"
    assert found.count_changes(Change.NEW) == 3 and found.count_changes(Change.GONE) == 1


def test_rejected_findings_are_left_out(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [crack_on_wall()])
    with Survey.resume(folder) as survey:
        survey.add_review(Review(1, ReviewVerdict.REJECTED, "Ann", make_instant(3)))
    with SurveyReader(folder) as one, SurveyReader(folder) as two:
        assert compare_surveys(one, two).changes == ()


def test_the_command_and_the_report_show_the_same_changes(tmp_path: Path) -> None:
    before = make_survey(tmp_path / "old", [crack_on_wall(4.0)])
    after = make_survey(tmp_path / "new", [crack_on_wall(8.0, shift=SHIFT)])
    done = CliRunner().invoke(crackscan, ["compare", str(before), str(after), "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.output)
    assert printed["grown"] == 1 and printed["changes"][0]["width"]["unit"] == "mm"
    table = CliRunner().invoke(crackscan, ["compare", str(before), str(after)])
    assert "1 grown, 0 new, 0 gone" in table.output
    out = tmp_path / "r.html"
    arguments = ["report", str(after), "--since", str(before), "--out", str(out)]
    assert CliRunner().invoke(crackscan, arguments).exit_code == 0
    page = out.read_text()
    assert "Changes since the earlier survey" in page and "<b>grown</b>" in page


def test_without_positions_every_picture_is_matched_and_only_the_similar_are_aligned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cracked = sorted((SAMPLES / "patches" / "positive").glob("*.jpg"))[: CANDIDATES.max_similar + 4]
    mark = make_sighting(1, 3.0, geotag=Geotag())
    old, new = [], []
    for i, path in enumerate(cracked):
        rgb = cv2.resize(read_picture(path), (400, 400), interpolation=cv2.INTER_CUBIC)
        later = np.ascontiguousarray(rgb[20:380, 30:390])
        old.append((replace(mark, frame=f"a{i}", frame_width=400, frame_height=400,
                            box=BoundingBox(160, 160, 192, 192)), rgb))  # fmt: skip
        new.append((replace(mark, frame=f"b{i}", frame_width=360, frame_height=360,
                            box=BoundingBox(130, 140, 162, 172)), later))  # fmt: skip
    aligned = 0

    def count_alignments(before: Features, after: Features) -> Alignment | None:
        nonlocal aligned
        aligned += 1
        return align_pictures(before, after)

    module = "crackscan.edge.reporting.compare.comparison"
    monkeypatch.setattr(f"{module}.align_pictures", count_alignments)
    found = compare_surveys_of(tmp_path, old, new)  # type: ignore[arg-type]
    assert aligned == len(cracked) * CANDIDATES.max_similar
    pairs = {(one.before.number, one.after.number) for one in found.changes
             if one.before is not None and one.after is not None}  # fmt: skip
    assert pairs == {(n, n) for n in range(1, len(cracked) + 1)}
