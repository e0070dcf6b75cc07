"""Reviewed findings become patches that training reads, none of them with an uncertain label."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from synthetic_surveys import (
    draw_wall,
    find_crack_cells,
    make_instant,
    make_survey,
    measure_finding,
)

from crackscan.core.dataset.index import read_index
from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.cli import crackscan
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.reporting.training_patches import PARAMETERS, export_patches
from crackscan.edge.survey import Review, ReviewVerdict, Sighting, Survey, SurveyReader


def elsewhere(sighting: Sighting, row: int, column: int) -> Sighting:
    """A finding of one cell in the same picture."""
    return replace(
        sighting,
        box=BoundingBox(column * 16, row * 16, column * 16 + 16, row * 16 + 16),
        cells=((row, column),),
        lines=(),
    )


@pytest.fixture(scope="module")
def rgb() -> RGB:
    return draw_wall(6.0, 380)


@pytest.fixture
def folder(tmp_path: Path, rgb: RGB) -> Path:
    crack = measure_finding(rgb, find_crack_cells(rgb))
    far, near = elsewhere(crack, 2, 37), elsewhere(crack, 12, 8)
    survey = make_survey(tmp_path / "s", [(crack, rgb), (far, rgb), (near, rgb)])
    judge(survey, 1, ReviewVerdict.ACCEPTED)
    judge(survey, 2, ReviewVerdict.REJECTED)
    judge(survey, 3, ReviewVerdict.REJECTED)
    return survey


def judge(folder: Path, finding: int, verdict: ReviewVerdict) -> None:
    with Survey.resume(folder) as survey:
        survey.add_review(Review(finding, verdict, "Ann", make_instant(1)))


def names(folder: Path) -> dict[str, int]:
    return {kind: len(list((folder / kind).iterdir())) for kind in ("positive", "negative")}


def test_training_reads_the_folder(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    done = CliRunner().invoke(crackscan, ["export", str(folder), "--training", str(out)])
    assert done.exit_code == 0, done.output
    index = read_index(out)
    assert not index.has_masks and index.ignored == 0
    assert {one.path: one.label for one in index.classes} == {"negative": False, "positive": True}
    positive = [one.path for one in index.items if one.label]
    assert 2 <= len(positive) <= 6
    for item in index.items:
        assert read_picture(out / item.path).shape == (PARAMETERS.side_px, PARAMETERS.side_px, 3)


def test_positive_patches_hold_the_crack_and_negative_ones_do_not(
    folder: Path, tmp_path: Path
) -> None:
    with SurveyReader(folder) as survey:
        export_patches(survey, tmp_path)
    for path in (tmp_path / "positive").iterdir():
        assert np.sort(read_picture(path).sum(axis=2), axis=None)[200] < 200
    [negative] = (tmp_path / "negative").iterdir()
    assert np.sort(read_picture(negative).sum(axis=2), axis=None)[200] > 200


def test_a_rejected_finding_near_a_crack_gives_no_patch(folder: Path, tmp_path: Path) -> None:
    with SurveyReader(folder) as survey:
        assert export_patches(survey, tmp_path).ambiguous == 1
    judge(folder, 1, ReviewVerdict.REJECTED)
    with SurveyReader(folder) as survey:
        done = export_patches(survey, tmp_path)
    assert done.ambiguous == 0 and done.positive == 0
    assert names(tmp_path) == {"positive": 0, "negative": done.negative}


def test_two_surveys_share_a_folder(folder: Path, tmp_path: Path, rgb: RGB) -> None:
    out = tmp_path / "data"
    other = make_survey(tmp_path / "t", [(measure_finding(rgb, find_crack_cells(rgb)), rgb)])
    judge(other, 1, ReviewVerdict.ACCEPTED)
    with SurveyReader(folder) as survey:
        first = export_patches(survey, out)
    with SurveyReader(other) as survey:
        second = export_patches(survey, out)
        assert export_patches(survey, out) == second
    assert names(out) == {
        "positive": first.positive + second.positive, "negative": first.negative,
    }  # fmt: skip


def test_without_a_review_there_is_nothing_to_train_on(tmp_path: Path, rgb: RGB) -> None:
    folder = make_survey(tmp_path / "s", [(measure_finding(rgb, find_crack_cells(rgb)), rgb)])
    with SurveyReader(folder) as survey, pytest.raises(CrackscanError, match="crackscan review"):
        export_patches(survey, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("extra", [["--format", "csv"], ["--out", "x.csv"]])
def test_patches_and_files_are_not_exported_together(folder: Path, extra: list[str]) -> None:
    done = CliRunner().invoke(crackscan, ["export", str(folder), "--training", "d", *extra])
    assert done.exit_code == 2 and "cannot be combined" in done.output
    done = CliRunner().invoke(crackscan, ["export", str(folder), *extra])
    assert done.exit_code == 2
