"""`crackscan-train split`: what is in a data folder, and which part of it serves what?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crackscan.core.errors import CrackscanError

if TYPE_CHECKING:
    from crackscan.core.dataset.split import Split

_NAMED = 5


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="Where the split is written, as JSON.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def split(data: Path, out: Path, seed: int, as_json: bool) -> None:
    """Find the copies in DATA and split it 70/20/10 into train, validation and test.

    DATA holds class folders (positive/ and negative/, or the like) or images/ and masks/.

    Re-encoded, mirrored and upside-down copies of one picture stay on one side, and so do
    pictures that look as if taken of one wall: otherwise the test repeats the training.

    \b
    Try: crackscan-train split DATA --out split.json
    """
    import json

    from crackscan.core.dataset.split_file import summarize_split, write_split
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.data.split import split_folder

    out.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(out.parent, os.W_OK):
        raise CrackscanError(f"cannot write {out}: its folder takes no files")
    with progress_bars() as report:
        found = split_folder(data, seed, report)
    write_split(out, found)
    if as_json:
        skipped = [vars(each) for each in found.skipped]
        click.echo(json.dumps({**summarize_split(found), "skipped": skipped}, indent=2))
    else:
        print_split(found)
        click.echo(out)


def print_split(split: "Split") -> None:
    """Print on standard error what the folder names were taken for, the copies, and the sides."""
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True, highlight=False)
    for folder in split.classes:
        kind = "crack" if folder.label else "no crack"
        console.print(f"{folder.path}/: {kind}, {folder.pictures:,} pictures", markup=False)
    copies = split.copy_groups()
    files = sum(map(len, copies))
    summary = f"{files:,} pictures are {len(copies):,} distinct ones" if copies else "none found"
    console.print(f"Copies: {summary}")
    for group in split.contradicting_groups():
        names = ", ".join(item.path for item in group)
        console.print(f"Copies in both classes, one label must be wrong: {names}", markup=False)
    if split.skipped:
        console.print(f"{len(split.skipped):,} pictures are skipped:")
    for each in split.skipped[:_NAMED]:
        console.print(f"  {each.path} {each.reason}", markup=False)
    if len(split.skipped) > _NAMED:
        console.print(f"  and {len(split.skipped) - _NAMED:,} more, named in the split file")
    if split.ignored:
        console.print(f"{split.ignored:,} pictures outside the class folders are ignored")

    counts = split.count_pictures()
    kinds = list(counts["train"])
    everything = sum(sum(numbers.values()) for numbers in counts.values())
    table = Table("side", *kinds, "share", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for side, numbers in counts.items():
        share = sum(numbers.values()) / everything
        table.add_row(side, *(f"{numbers[kind]:,}" for kind in kinds), f"{share:.1%}")
    console.print(table)
