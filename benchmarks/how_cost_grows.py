"""How cost grows with pixels, cracks, hours, findings in a record and photographs in a folder.

    python benchmarks/how_cost_grows.py --out build/bench/growth

Other curves that OUT has from an earlier run are kept. With --quick, everything is small: for a
look whether it works, not for figures.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import cv2
from rich.console import Console

from crackscan.benchmarks.growth.folder import by_pictures
from crackscan.benchmarks.growth.frames import (
    SIZES,
    by_cracks_live,
    by_cracks_photograph,
    by_pixels,
    by_reductions,
)
from crackscan.benchmarks.growth.hours import by_hours
from crackscan.benchmarks.growth.plot import draw_growth, format_table
from crackscan.benchmarks.growth.record import by_findings
from crackscan.benchmarks.growth.values import Point
from crackscan.convert.cost import core_name
from crackscan.edge.appliance.bench import describe_surroundings
from crackscan.edge.detection.finding import Rule
from crackscan.edge.inference.model import Model

CURVES = ("pixels", "decoding", "cracks", "hours", "record", "folder")


def measure_curve(curve: str, quick: bool, folder: Path, workers: int) -> list[Point]:
    """The points of one of the CURVES; `folder` is empty, on the disk that is measured."""
    model = Model.load(None, threads=1)
    rule = Rule.of(model.card)
    if curve == "pixels":
        return by_pixels(model, SIZES[:3] if quick else SIZES, 3 if quick else 30)
    if curve == "decoding":
        return by_reductions((640, 480) if quick else (4000, 3000), 3 if quick else 20)
    if curve == "cracks":
        live = (0, 20) if quick else (0, 5, 10, 20, 40, 80)
        still = (0, 50) if quick else (0, 100, 1000, 20_000)
        found = by_cracks_live(rule, live, 3 if quick else 45)
        return found + by_cracks_photograph(rule, still, 1 if quick else 5)
    if curve == "record":
        counts = (100, 400) if quick else (1000, 10_000, 100_000, 1_000_000)
        return by_findings(folder, counts, 5 if quick else 200)
    console = Console(stderr=True)
    if curve == "hours":
        hours = 0.05 if quick else 2
        with console.status("hours") as status:
            return by_hours(rule, hours, lambda done: status.update(f"{done:,} frames"))
    count = 40 if quick else 100_000
    with console.status("photographs") as status:
        return by_pictures(
            folder, count, workers, lambda done: status.update(f"{done:,} of {count:,} photographs")
        )


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--curve", "curves", multiple=True, type=click.Choice(CURVES), default=CURVES)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True,
              help="Processes that look at the folder's photographs.")  # fmt: skip
@click.option("--quick", is_flag=True)
def main(out: Path, curves: Sequence[str], workers: int, quick: bool) -> None:
    """Write growth.json, growth.md and growth.svg into OUT."""
    cv2.setNumThreads(1)
    around = describe_surroundings()
    for warning in around.warnings:
        click.echo(f"warning: {warning}", err=True)
    out.mkdir(parents=True, exist_ok=True)
    document = _read_earlier(out / "growth.json", quick)
    for curve in curves:
        folder = Path(tempfile.mkdtemp(prefix="growth-", dir=out))
        try:
            points = measure_curve(curve, quick, folder, workers)
        finally:
            shutil.rmtree(folder)
        curve_points = [asdict(one) for one in points]
        machine = {**around.to_dict(), "core": core_name()}
        document["curves"][curve] = {"machine": machine, "points": curve_points}
        _write_results(out, document)
    click.echo((out / "growth.md").read_text())


def _write_results(out: Path, document: dict[str, Any]) -> None:
    """All curves so far, as figures, table and plot."""
    (out / "growth.json").write_text(json.dumps(document, indent=2) + "\n")
    known = {curve: document["curves"][curve] for curve in CURVES if curve in document["curves"]}
    points = [Point(**one) for curve_points in known.values() for one in curve_points["points"]]
    (out / "growth.md").write_text(f"{_describe_machine(known)}\n\n{format_table(points)}")
    draw_growth(points, out / "growth.svg")


def _describe_machine(known: dict[str, Any]) -> str:
    """On what machine each curve was measured, and how quiet that was."""
    lines = []
    for curve, curve_points in known.items():
        machine = curve_points["machine"]
        on = machine.get("core", machine["system"])
        lines.append("; ".join([f"- {curve}: on {on}", *machine["warnings"]]))
    return "\n".join(lines)


def _read_earlier(file: Path, quick: bool) -> dict[str, Any]:
    """What an earlier run wrote, if it was as quick as this one."""
    if file.is_file():
        document: dict[str, Any] = json.loads(file.read_text())
        if document.get("quick") == quick and "curves" in document:
            return document
    return {"quick": quick, "curves": {}}


if __name__ == "__main__":
    main()
