"""A model's page shows what it finds and misses, and nothing that may not be shown."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from crackscan.core.dataset.selection import Label
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.core.tensorflow_import import import_tensorflow
from crackscan.train.data.field_annotations import Annotation, Polyline
from crackscan.train.evaluate.measure import measure_patches
from crackscan.train.evaluate.model_page.sets import JudgedSet, field_set
from crackscan.train.evaluate.model_page.sheet import TILES, draw_sheet, rows_of
from crackscan.train.evaluate.predict import Pictures, TfliteScorer

import_tensorflow()

from crackscan.train.evaluate.model_page.page import (  # noqa: E402  # noqa: E402
    SetJudgement,
    _judge_set,
    _list_credits,
    figures_page,
    reliability_panels,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "patches"


def sample_patches() -> Iterator[tuple[Label, Pictures]]:
    for path in sorted(SAMPLES.glob("*/*.jpg")):
        name = f"{path.parent.name}/{path.name}"
        yield Label(name, name, path.parent.name == "positive"), read_picture(path)


SET = JudgedSet("samples", "from the repository", sample_patches, credit="Özgenel, CC BY 4.0")


@pytest.fixture(scope="module")
def scorer(untrained: Path) -> TfliteScorer:
    return TfliteScorer(untrained / "tiny.tflite", 1)


@pytest.fixture(scope="module")
def judgement(scorer: TfliteScorer) -> SetJudgement:
    return _judge_set(SET, scorer)


def test_a_row_holds_hits_spread_out_and_the_surest_mistakes(
    scorer: TfliteScorer, judgement: SetJudgement
) -> None:
    stated = judgement.measured.probabilities
    threshold = float(np.median(stated))
    measured = measure_patches(scorer, SET.read(), threshold)
    (row,) = rows_of(SET, measured, scorer, threshold)
    labels = measured.labels == 1
    assert row.counts == (
        int((labels & (stated >= threshold)).sum()),
        int((labels & (stated < threshold)).sum()),
        int((~labels & (stated >= threshold)).sum()),
    )
    assert min(row.counts) >= TILES and len(row.names) == 3 * TILES
    sure = [one.probability for one in row.found]
    assert sure == sorted(sure) and min(sure) >= threshold
    assert row.missed[0].probability == stated[labels].min()
    assert row.false_alarms[0].probability == stated[~labels].max()
    for one in row.found:
        np.testing.assert_array_equal(one.rgb, read_picture(SAMPLES / one.name))


def test_a_set_goes_on_in_the_next_row(scorer: TfliteScorer, judgement: SetJudgement) -> None:
    rows = rows_of(SET, judgement.measured, scorer, scorer.card.threshold, lines=2)
    assert [row.name for row in rows] == ["samples", ""]
    shown = [name for row in rows for name in row.names]
    assert len(shown) == len(set(shown)) > len(rows[0].names)


def test_a_sheet_with_nothing_missed_is_drawn_too(scorer: TfliteScorer, tmp_path: Path) -> None:
    everything = measure_patches(scorer, SET.read(), 0.0)
    (row,) = rows_of(SET, everything, scorer, 0.0)
    assert not row.missed and row.counts[1] == 0
    draw_sheet([row, row], scorer.card, "default", SET.credit, tmp_path / "sheet.jpg")
    height, width = read_picture(tmp_path / "sheet.jpg").shape[:2]
    assert width > 1000 and 200 < height < width


def test_the_page_lists_each_set_at_each_threshold(
    scorer: TfliteScorer, judgement: SetJudgement
) -> None:
    page = figures_page("tiny", scorer, [judgement, judgement], ["a credit"], "the command")
    rows = [line for line in page.splitlines() if line.startswith("| samples")]
    assert [line.split("|")[2].strip() for line in rows] == ["default", "high-recall"] * 2
    auroc = judgement.figures["default"]["auroc"]
    assert all(f"| {auroc:.4f} (" in line for line in rows)
    assert "- a credit" in page and "    the command" in page


def test_reliability_is_drawn_for_every_set(judgement: SetJudgement) -> None:
    other = replace(judgement, judged=replace(SET, name="others"))
    drawn = ElementTree.fromstring(reliability_panels([judgement, other, judgement]))
    groups = [one.get("id", "") for one in drawn.iter("{http://www.w3.org/2000/svg}g")]
    assert len([one for one in groups if one.startswith("axes_")]) == 3
    words = ["".join(one.itertext()) for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert words.count("samples") == 2 and words.count("others") == 1


def test_field_squares_are_sure_to_show_a_crack_or_none(tmp_path: Path) -> None:
    write_picture(tmp_path / "wall.png", np.full((256, 512, 3), 150, np.uint8))
    annotation = Annotation(
        "wall.png", 512, 256, "", "", (), False,
        (Polyline(((64.0, 10.0), (64.0, 120.0)), 3.0),),
        (((260.0, 0.0), (300.0, 0.0), (300.0, 60.0)),),
    )  # fmt: skip
    # The doubt's border reaches into 128, 0; the crack's into 0, 128.
    found = [(label.name, label.crack) for label, _ in field_set(tmp_path, [annotation]).read()]
    assert found == [
        ("wall.png at 0, 0", True),
        ("wall.png at 384, 0", False),
        ("wall.png at 128, 128", False),
        ("wall.png at 256, 128", False),
        ("wall.png at 384, 128", False),
    ]


def test_only_photographs_that_are_shown_are_credited(
    scorer: TfliteScorer, judgement: SetJudgement, tmp_path: Path
) -> None:
    (row,) = rows_of(SET, judgement.measured, scorer, 0.5)
    shown = Path(row.names[0]).stem
    table = ["| id | license | credit | source |", "|---|---|---|---|"]
    table += [
        f"| {one} | cc_by | Somebody, CC BY 4.0 | https://a.example |" for one in (shown, "b")
    ]
    (tmp_path / "ATTRIBUTION.md").write_text("\n".join(table))
    found = _list_credits(tmp_path / "ATTRIBUTION.md", [row])
    assert found == [f"{shown}: Somebody, CC BY 4.0, https://a.example"]
