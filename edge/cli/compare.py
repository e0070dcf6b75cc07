"""`crackscan compare`: what became of the cracks between two surveys of the same place."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crackscan.edge.reporting.compare.change import Changed, Difference
    from crackscan.edge.reporting.compare.compare import Comparison


@click.command()
@click.argument("earlier", type=click.Path(path_type=Path))
@click.argument("later", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(earlier: Path, later: Path, as_json: bool) -> None:
    """Compare two surveys of the same place, EARLIER and LATER: which cracks are new, grown
    or gone.

    Cracks are matched by laying the pictures over each other, where positions allow it. Grown means
    wider or longer by more than both measurements are uncertain. As a document: crackscan report
    LATER --since EARLIER.
    """
    from rich.console import Console
    from rich.progress import Progress

    from crackscan.edge.reporting.compare.compare import compare as run
    from crackscan.edge.reporting.report.write import scanned_folder
    from crackscan.edge.survey import SurveyReader

    with SurveyReader(earlier) as old, SurveyReader(later) as new:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
            task = bars.add_task("Comparing pictures", total=None)
            sources = scanned_folder(old), scanned_folder(new)
            found = run(
                old,
                new,
                sources,
                watch=lambda done, of: bars.update(task, completed=done, total=of),
            )
    if as_json:
        click.echo(json.dumps(_told(found), allow_nan=False))
    else:
        _print(found)


def _told(found: "Comparison") -> dict[str, Any]:
    from crackscan.edge.reporting.compare.change import Change

    return {
        "earlier": found.earlier,
        "later": found.later,
        **{str(kind): found.count(kind) for kind in Change},
        "changes": [_one(one) for one in found.changes],
    }


def _one(one: "Changed") -> dict[str, Any]:
    def figures(of: "Difference | None") -> dict[str, Any] | None:
        if of is None:
            return None
        return {
            "before": round(of.before, 4),
            "after": round(of.after, 4),
            "difference": round(of.value, 4),
            "uncertainty": round(of.uncertainty, 4),
            "unit": of.unit,
        }

    return {
        "change": str(one.change),
        "before": one.before and one.before.number,
        "after": one.after and one.after.number,
        "width": figures(one.width),
        "length": figures(one.length),
        "matched_by": one.matched_by or None,
        "place_seen_in_both": one.looked,
    }


def _print(found: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from crackscan.edge.reporting.compare.change import Change
    from crackscan.edge.reporting.report.page import in_difference

    counts = ", ".join(f"{found.count(kind)} {kind}" for kind in Change)
    click.echo(f"{found.earlier} → {found.later}: {counts}")
    if not found.changes:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("change", "before", "after", "width", "length", "matched by"):
        table.add_column(heading)
    for one in found.changes:
        table.add_row(
            str(one.change) + ("" if one.looked else " ?"),
            "–" if one.before is None else f"{one.before.number}",
            "–" if one.after is None else f"{one.after.number}",
            Text(in_difference(one.width)),
            Text(in_difference(one.length)),
            one.matched_by,
        )
    Console().print(table)
    if not all(one.looked for one in found.changes):
        click.echo("? no picture of the other survey is known to show its place")
