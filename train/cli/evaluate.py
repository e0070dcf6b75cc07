"""`crackscan-train evaluate`: how good is a model on these pictures?"""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crackscan.core.dataset.split import Side


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the page and the JSON go.  [default: evaluations/MODEL-on-DATA]",
)
@click.option(
    "--split",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The split of DATA.  [default: the one beside MODEL, if it is of this DATA]",
)
@click.option(
    "--side",
    type=click.Choice(["train", "validation", "test"]),
    help="Which side of the split to judge.  [default: test; all of DATA if there is no split]",
)
@click.option(
    "--operating-point",
    "point",
    default="default",
    show_default=True,
    metavar="NAME",
    help="Which of the model's thresholds to judge by.",
)
@click.option(
    "--threads", type=click.IntRange(1), metavar="N", help="For a .tflite.  [default: all cores]"
)
@click.option(
    "--findings",
    is_flag=True,
    help="Judge findings on whole pictures: crack length found against false findings a picture.",
)
@click.option(
    "--development",
    is_flag=True,
    help="With --findings: DATA is the data folder, judged is its fixed development set.",
)
@click.option(
    "--crack-free",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    help="With --findings: pictures that are known to show no crack.  [repeatable]",
)
@click.option(
    "--beside",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="MODEL",
    help="With --findings: another model in the same tables and curves.  [repeatable]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole evaluation as JSON.")
def evaluate(
    model: Path,
    data: Path,
    out: Path | None,
    split: Path | None,
    side: "Side | None",
    point: str,
    threads: int | None,
    findings: bool,
    development: bool,
    crack_free: tuple[Path, ...],
    beside: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Report how good MODEL is on DATA: a page for people, JSON for programs.

    MODEL is a .keras or .tflite file, a run folder of `fit`, or the name of a shipped model.
    DATA holds class folders (positive/ and negative/, or the like) or images/ and masks/.

    The page has the classification report, the confusion matrix, ROC and precision-recall
    curves, calibration and the worst errors; it is one file and needs no network.

    With --findings, whole pictures are judged as the scan judges them: the share of the crack
    length found against false findings a picture (FROC), with intervals by photograph, by width
    of the crack, and sheets of the longest misses and the surest false alarms.
    """
    command = f"crackscan-train {shlex.join(sys.argv[1:])}"
    if findings:
        _judge_findings(
            (model, *beside), data, development, crack_free, out, point, threads, command, as_json
        )
        return
    if development or crack_free or beside:
        raise click.UsageError("--development, --crack-free and --beside belong to --findings")
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.evaluate import evaluation

    with progress_bars() as report:
        document, folder = evaluation.evaluate_model(
            evaluation.find_model(model),
            data,
            report=report,
            out=out,
            split=split,
            side=side,
            point=point,
            threads=threads,
            command=command,
        )
    if as_json:
        import json

        click.echo(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False))
    else:
        _print_figures(document, folder / evaluation.PAGE)


def _judge_findings(
    models: tuple[Path, ...],
    data: Path,
    development: bool,
    crack_free: tuple[Path, ...],
    out: Path | None,
    point: str,
    threads: int | None,
    command: str,
    as_json: bool,
) -> None:
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.evaluate import evaluation
    from crackscan.train.evaluate.development_set import (
        crack_free_set,
        development_sets,
        masked_set,
    )
    from crackscan.train.evaluate.findings_report import FIGURES, TABLE
    from crackscan.train.evaluate.whole_pictures import evaluate_findings

    sets = (
        development_sets(data)
        if development
        else [masked_set(data, data.resolve().name, lambda path: path.stem)]
    )
    sets += [crack_free_set(folder) for folder in crack_free]
    files = [evaluation.find_model(one) for one in models]
    folder = out or Path("evaluations") / f"{files[0].stem}-findings-on-{data.resolve().name}"
    with progress_bars() as report:
        evaluate_findings(files, sets, folder, point, command, report, threads)
    click.echo((folder / (FIGURES if as_json else TABLE)).read_text())
    click.echo(folder)


def _print_figures(document: dict[str, Any], page: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from crackscan.train.evaluate.page import format_percent, format_share

    data, patch, point = document["data"], document["patch"], document["operating_point"]
    counts, cells = patch["confusion"], document["cells"]
    side = f"{data['side']} side of {data['split']}" if data["split"] else "all of it"
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{document['model']['name']} on {data['name']} ({side}): {data['patches']:,} patches, "
        f"{data['cracks']:,} with a crack; operating point {point['name']}"
    )
    table = Table(show_header=False, box=None, pad_edge=False)
    rows = [
        ("cracks found", format_percent(patch["recall"]), f"{counts['missed']:,} missed"),
        (
            "false alarms",
            format_percent(patch["false_alarm_rate"]),
            f"{counts['false_alarms']:,} of {data['crack_free']:,} crack-free",
        ),
        ("F1", format_share(patch["f1"], 4), _format_interval(patch["f1_95"])),
        ("AUROC", format_share(patch["auroc"], 4), _format_interval(patch["auroc_95"])),
        ("average precision", format_share(patch["average_precision"], 4), ""),
        ("calibration error (ECE)", f"{patch['ece']:.4f}", ""),
    ]
    if cells:
        here = cells["operating_points"][point["name"]]
        right, found = format_percent(here["precision"]), format_percent(here["recall"])
        note = f"{right} of marks right, {found} found"
        rows.append(("cell F1", format_share(here["f1"], 4), note))
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if data["skipped"]:
        names = ", ".join(each["path"] for each in data["skipped"][:5])
        console.print(f"{len(data['skipped'])} pictures could not be read: {names}")
    click.echo(page)


def _format_interval(interval: dict[str, float]) -> str:
    from crackscan.train.evaluate.page import format_share

    return f"95 %: {format_share(interval['low'], 4)} to {format_share(interval['high'], 4)}"
