"""Puts a model's page together: a table of figures, reliability diagrams and contact sheets."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crackscan.core.dataset.split_file import read_split, write_split
from crackscan.core.durable_files import write_atomically
from crackscan.train.data.data_folder import CLOSE_UPS, DEVELOPMENT, FIELD
from crackscan.train.data.field_annotations import Annotation
from crackscan.train.data.rendered import Pool, render_pool
from crackscan.train.data.split import split_folder
from crackscan.train.data.thumbnails import Report
from crackscan.train.evaluate.figures import ReliabilityPanel, draw_reliability_panels
from crackscan.train.evaluate.measure import Measured, measure_cells, measure_patches
from crackscan.train.evaluate.metrics import reliability_bins
from crackscan.train.evaluate.model_page.sets import (
    JudgedSet,
    close_ups,
    development_set,
    field_set,
    rendered_set,
)
from crackscan.train.evaluate.model_page.sheet import Row, draw_sheet, rows_of
from crackscan.train.evaluate.predict import Scorer, load_scorer
from crackscan.train.evaluate.report import report_cells, report_patches
from crackscan.train.fitting.recipe import DEVELOPMENT_PX
from crackscan.train.render.sample import RenderConfig

FIRST_SEED = 20_000_000
"""Of renderings that nothing else is made from."""
PRIVATE_LINES = 3
"""Rows of pictures on the sheet that is not published."""
ATTRIBUTION = "ATTRIBUTION.md"


@dataclass(frozen=True)
class SetJudgement:
    """A model on one set."""

    judged: JudgedSet
    measured: Measured
    figures: dict[str, dict[str, Any]]
    """`report_patches` of each operating point."""
    cells: dict[str, Any] | None


def make_page(
    model: Path,
    data: Path,
    out: Path,
    split: Path | None,
    private: Path | None,
    annotations: Sequence[Annotation],
    count: int,
    workers: int,
    command: str,
    report: Report = lambda *_: None,
) -> list[Path]:
    """Judge a model file on each set and write its page's parts into `out`.

    NAME-figures.md, NAME-reliability.svg and NAME-sheet.jpg show nothing that may not be published;
    NAME-deepcrack.jpg, of photographs for research only, goes into `private` if there is one.
    `split` is that of the close-ups, by default made again as for training. Gives the files.

    Raises:
        CrackscanError: the model or part of the data cannot be used.
    """
    scorer = load_scorer(model)
    default, *_ = scorer.card.operating_points
    name = model.stem if model.suffix == ".tflite" else scorer.card.name
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        split = split or _split_close_ups(data / CLOSE_UPS, work, report)
        sets = _open_sets(data, work, split, annotations, count, workers, report)
        judgements = []
        for number, one in enumerate(sets):
            judgements.append(_judge_set(one, scorer))
            report("Judging", number + 1, len(sets))
        drawn = [one for one in judgements if one.judged.drawn]
        shown = [one for one in drawn if one.judged.credit]
        rows = [row for one in shown for row in _choose_rows(one, scorer, default, 1)]
        hidden = [one for one in drawn if not one.judged.credit] if private else []
        secret = [
            row for one in hidden for row in _choose_rows(one, scorer, default, PRIVATE_LINES)
        ]
    out.mkdir(parents=True, exist_ok=True)
    sheet, diagram, page = (
        out / f"{name}-{part}" for part in ("sheet.jpg", "reliability.svg", "figures.md")
    )
    owners = "; ".join(one.judged.credit for one in shown)
    credit = f"Framed: cells called crack. Below: the patch's probability. Pictures: {owners}"
    draw_sheet(rows, scorer.card, default, credit, sheet)
    write_atomically(diagram, reliability_panels(drawn).encode())
    credits = _list_credits(data / FIELD / ATTRIBUTION, rows)
    write_atomically(page, figures_page(name, scorer, judgements, credits, command).encode())
    made = [page, diagram, sheet]
    if private:
        private.mkdir(parents=True, exist_ok=True)
        kept = private / f"{name}-deepcrack.jpg"
        notice = (
            "DeepCrack (Liu et al. 2019): for non-commercial research only, not to be published."
        )
        draw_sheet(secret, scorer.card, default, notice, kept)
        made.append(kept)
    return made


def reliability_panels(judgements: Sequence[SetJudgement]) -> str:
    """The reliability diagrams of all sets, two in a row, as one SVG."""
    return draw_reliability_panels(
        [
            ReliabilityPanel(
                one.judged.name,
                reliability_bins(one.measured.labels, one.measured.probabilities),
                next(iter(one.figures.values()))["ece"],
                len(one.measured.labels),
            )
            for one in judgements
        ]
    )


def figures_page(
    name: str,
    scorer: Scorer,
    judgements: Sequence[SetJudgement],
    credits: Sequence[str],
    command: str,
) -> str:
    """The figures of each set at each operating point, as Markdown."""
    lines = [
        f"# {name}: figures",
        "",
        f"As shipped ({scorer.runtime.partition(',')[0]}), made by:",
        "",
        f"    {command}",
        "",
        "| pictures | thresholds | patches (cracked) | AUROC (95 %) | F1 | cracks found"
        " | false alarms | ECE | cells F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in judgements:
        for point, found in one.figures.items():
            limits = found["auroc_95"]
            cells = one.cells and f"{one.cells['operating_points'][point]['f1']:.3f}"
            lines.append(
                f"| {one.judged.name} | {point} | {len(one.measured.labels):,}"
                f" ({int(one.measured.labels.sum()):,}) | {_format_auroc(found['auroc'])}"
                f" ({_format_auroc(limits['low'])}–{_format_auroc(limits['high'])}) |"
                f" {found['f1']:.3f} | {found['recall']:.1%} |"
                f" {found['false_alarm_rate']:.1%} | {found['ece']:.3f} |"
                f" {cells or ''} |"
            )
    lines += ["", *(f"- *{one.judged.name}*: {one.judged.note}." for one in judgements), ""]
    lines += [
        f"![Predicted probability against the share of cracks]({name}-reliability.svg)",
        "",
        "Dots on the dashed line: when the model predicts 70 %, it is right in 70 of 100. Their"
        " size is the number of patches; whiskers are 95 % (Wilson 1927).",
        "",
        f"![Found, missed and false alarms]({name}-sheet.jpg)",
        "",
        "The missed and the false alarms are the surest of their kind; the found go from the least"
        " sure to the surest. At the default thresholds.",
        "",
        "Field photographs shown:",
        "",
        *(f"- {one}" for one in credits),
        "",
    ]
    return "\n".join(lines)


def _format_auroc(value: float) -> str:
    """Four digits, and one more where four would round to a perfect one."""
    return f"{value:.5f}" if value > 0.9995 else f"{value:.4f}"


def _open_sets(
    data: Path,
    work: Path,
    split: Path,
    annotations: Sequence[Annotation],
    count: int,
    workers: int,
    report: Report,
) -> list[JudgedSet]:
    items = read_split(split).items("validation")
    walls = [data / CLOSE_UPS / item.path for item in items if not item.label]
    pool = Pool("pool", count, FIRST_SEED, DEVELOPMENT_PX, RenderConfig())
    render_pool(pool, work / "pool", walls, workers, report)
    return [
        close_ups(data / CLOSE_UPS, split, "validation"),
        close_ups(data / CLOSE_UPS, split, "test"),
        development_set(data / DEVELOPMENT),
        rendered_set(work / "pool", FIRST_SEED),
        field_set(data / FIELD, annotations),
    ]


def _split_close_ups(root: Path, work: Path, report: Report) -> Path:
    file = work / "split.json"
    write_split(file, split_folder(root, 0, report))
    return file


def _judge_set(judged: JudgedSet, scorer: Scorer) -> SetJudgement:
    points = scorer.card.operating_points
    measured = measure_patches(scorer, judged.read(), next(iter(points.values())).patch)
    cells = None
    if judged.photographs:
        totals = measure_cells(scorer, judged.photographs(), points)
        cells = report_cells(totals, scorer.card, 0)
    figures = {point: report_patches(measured, scorer.card, point) for point in points}
    return SetJudgement(judged, measured, figures, cells)


def _choose_rows(one: SetJudgement, scorer: Scorer, point: str, lines: int) -> list[Row]:
    threshold = scorer.card.operating_point(point).patch
    return rows_of(one.judged, one.measured, scorer, threshold, lines)


def _list_credits(file: Path, rows: Sequence[Row]) -> list[str]:
    """The credit of each photograph on the sheet, from the table of the data folder."""
    shown = {name.partition(" at ")[0] for row in rows for name in row.names}
    found = []
    for line in file.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) == 4 and any(Path(name).stem == cells[0] for name in shown):
            found.append(f"{cells[0]}: {cells[2]}, {cells[3]}")
    return found
