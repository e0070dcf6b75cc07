"""`crackscan compare`: how cracks changed between two surveys of the same structure."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crackscan.edge.reporting.compare.change import CrackChange, Difference
    from crackscan.edge.reporting.compare.comparison import Comparison


@click.command()
@click.argument("earlier", type=click.Path(path_type=Path))
@click.argument("later", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(earlier: Path, later: Path, as_json: bool) -> None:
    """Compare two surveys of the same structure, EARLIER and LATER: which cracks are new, grown,
    smaller or gone.

    Cracks are matched by aligning pictures of the same place. A crack has grown if it is wider or
    longer by more than the combined uncertainty of both measurements. To get the comparison as a
    document: crackscan report LATER --since EARLIER.
    """
    from rich.console import Console
    from rich.progress import Progress

    from crackscan.edge.reporting.compare.comparison import compare_surveys
    from crackscan.edge.reporting.survey_pictures import find_source_folder
    from crackscan.edge.survey import SurveyReader

    with SurveyReader(earlier) as old, SurveyReader(later) as new:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
            task = bars.add_task("Comparing pictures", total=None)
            comparison = compare_surveys(
                old,
                new,
                (find_source_folder(old), find_source_folder(new)),
                on_progress=lambda done, total: bars.update(task, completed=done, total=total),
            )
    if as_json:
        click.echo(json.dumps(_describe_comparison(comparison), allow_nan=False))
    else:
        _print_comparison(comparison)


def _describe_comparison(comparison: "Comparison") -> dict[str, Any]:
    from crackscan.edge.reporting.compare.change import Change

    return {
        "earlier": comparison.earlier,
        "later": comparison.later,
        **{str(kind): comparison.count_changes(kind) for kind in Change},
        "changes": [_describe_change(change) for change in comparison.changes],
    }


def _describe_change(change: "CrackChange") -> dict[str, Any]:
    return {
        "change": str(change.change),
        "before": change.before and change.before.number,
        "after": change.after and change.after.number,
        "width": _describe_difference(change.width),
        "length": _describe_difference(change.length),
        "matched_by": change.matched_by or None,
        "place_seen_in_both": change.is_place_covered,
    }


def _describe_difference(difference: "Difference | None") -> dict[str, Any] | None:
    if difference is None:
        return None
    return {
        "before": round(difference.before, 4),
        "after": round(difference.after, 4),
        "difference": round(difference.value, 4),
        "uncertainty": round(difference.uncertainty, 4),
        "unit": difference.unit,
    }


def _print_comparison(comparison: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from crackscan.edge.reporting.compare.change import Change
    from crackscan.edge.reporting.formatting import MISSING, format_difference

    counts = ", ".join(f"{comparison.count_changes(kind)} {kind}" for kind in Change)
    click.echo(f"{comparison.earlier} → {comparison.later}: {counts}")
    if not comparison.changes:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("change", "before", "after", "width", "length", "matched by"):
        table.add_column(heading)
    for change in comparison.changes:
        table.add_row(
            str(change.change) + ("" if change.is_place_covered else " ?"),
            MISSING if change.before is None else f"{change.before.number}",
            MISSING if change.after is None else f"{change.after.number}",
            Text(format_difference(change.width)),
            Text(format_difference(change.length)),
            change.matched_by,
        )
    Console().print(table)
    if not all(change.is_place_covered for change in comparison.changes):
        click.echo("? no picture of the other survey is known to show this place")
