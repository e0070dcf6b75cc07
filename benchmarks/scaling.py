"""What a second core brings: threads for a frame, processes for a folder of photographs.

    python benchmarks/scaling.py --out build/bench/scaling

Both counts take turns, round by round; a photograph is decoded, scanned, measured and recorded.
For a folder, all of a survey's processes, also the one that records, keep to as many cores.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from crackscan.benchmarks.peers.measure import Spread
from crackscan.convert.cost import core_name
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB, decode_picture, read_picture
from crackscan.edge.appliance.bench import describe_surroundings
from crackscan.edge.appliance.bench.wall import encoded_frames
from crackscan.edge.inference.model import Model
from crackscan.edge.inference.self_test import CRACKED, INTACT, SAMPLES
from crackscan.edge.pipelines.photos.folder import method_settings, open_survey
from crackscan.edge.pipelines.photos.listing import list_photos
from crackscan.edge.pipelines.photos.process_pool import ProcessPool
from crackscan.edge.pipelines.photos.record import PhotoRecorder
from crackscan.edge.pipelines.photos.scan_photos import scan_photos
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import Method
from crackscan.edge.survey import PictureQuota, SurveyInfo

COUNTS = (1, 2)
SIZES = ((640, 480), (1280, 720), (4000, 3000))


@dataclass(frozen=True)
class Scaling:
    """One kind of work, done by one and by two."""

    what: str
    one_ms: Spread
    two_ms: Spread
    gain: Spread
    """Of the rounds' ratios, one by two."""


def scale_frames(model: str, width: int, height: int, rounds: int) -> Scaling:
    """The crack map of a frame, with one thread and with two."""
    rgb = decode_picture(encoded_frames(width, height)[0], Path("wall.jpg"))
    models = [Model.load(model, threads=count) for count in COUNTS]
    taken = np.empty((rounds + 2, len(COUNTS)))
    for row in taken:
        for at, one in enumerate(models):
            began_s = time.perf_counter()
            one.crack_map(rgb)
            row[at] = (time.perf_counter() - began_s) * 1000
    return _compare_times(f"{model}, {width}x{height}: threads", taken[2:])


def one_crack(width: int, height: int, number: int) -> RGB:
    """A wall with a crack in it, as most photographs of a survey that show one at all.

    Args:
        number: another wall for each, so that no two files are alike.
    """
    cracked, intact = read_picture(SAMPLES / CRACKED), read_picture(SAMPLES / INTACT)
    block = np.hstack([intact, intact[:, ::-1]])
    block = np.vstack([block, block[::-1]])
    times = -(-height // block.shape[0]), -(-width // block.shape[1]), 1
    wall = np.roll(np.tile(block, times)[:height, :width], number, axis=1)
    rows, columns = min(height, cracked.shape[0]), min(width, cracked.shape[1])
    top, left = (height - rows) // 2, (width - columns) // 2
    wall[top : top + rows, left : left + columns] = cracked[:rows, :columns]
    return wall


def scale_photographs(
    model: str, width: int, height: int, count: int, rounds: int, folder: Path
) -> Scaling:
    """A scan of photographs, on one core with one worker, and on two with two."""
    source = folder / "photographs"
    source.mkdir()
    for number in range(count):
        write_picture(source / f"{number:04d}.jpg", one_crack(width, height, number))
    taken = np.empty((rounds, len(COUNTS)))
    for row in taken:
        for at, workers in enumerate(COUNTS):
            with _kept_to(workers):
                row[at] = _time_survey(model, source, folder / "survey", workers)
            shutil.rmtree(folder / "survey")
    return _compare_times(f"{model}, {width}x{height}: cores, ms a photograph", taken)


def _time_survey(model: str, source: Path, out: Path, workers: int) -> float:
    """Milliseconds a photograph, from where each process has done one to the end."""
    loaded = Model.load(model, threads=1)
    method, card = Method(str(loaded.path.resolve())), loaded.card
    listing = list_photos(source)
    done_s: list[float] = []

    def watch(tally: PhotoTally) -> None:
        if tally.done:
            done_s.append(time.perf_counter())

    settings = method_settings(method, card, source)
    info = SurveyInfo("scaling", source=str(source), model=card.name)
    with open_survey(out, info, settings, card, listing) as record:
        pool, recorder = ProcessPool(method, workers), PhotoRecorder(record, PictureQuota())
        scan_photos(listing, pool, recorder, PhotoTally(), watch=watch)
    return (done_s[-1] - done_s[workers - 1]) * 1000 / (len(done_s) - workers)


@contextmanager
def _kept_to(cores: int) -> Iterator[None]:
    """This thread, and the processes that it starts inside, run on `cores` cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _compare_times(
    what: str, taken: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
) -> Scaling:
    one, two = taken.T.tolist()
    gain = (taken[:, 0] / taken[:, 1]).tolist()
    return Scaling(what, Spread.of(one), Spread.of(two), Spread.of(gain))


def format_table(found: list[Scaling]) -> str:
    """In Markdown."""

    def format_spread(one: Spread) -> str:
        return f"{one.median:.3g} ({one.low:.3g}–{one.high:.3g})"

    lines = [f"On {core_name()}; medians with quartiles of the rounds.", ""]
    lines += ["| what | one: ms | two: ms | gain |", "|---|---|---|---|"]
    lines += [
        f"| {one.what} | "
        + " | ".join(format_spread(times) for times in (one.one_ms, one.two_ms, one.gain))
        + " |"
        for one in found
    ]
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--model", default="crack-s", show_default=True)
@click.option("--quick", is_flag=True, help="Few and small, to see whether it works.")
def main(out: Path, model: str, quick: bool) -> None:
    """Write scaling.json and scaling.md into OUT."""
    cv2.setNumThreads(1)
    around = describe_surroundings()
    for warning in around.warnings:
        click.echo(f"warning: {warning}", err=True)
    out.mkdir(parents=True, exist_ok=True)
    sizes = ((160, 128),) if quick else SIZES
    found = [scale_frames(model, *size, 2 if quick else 60) for size in sizes]
    with tempfile.TemporaryDirectory(prefix="scaling-", dir=out) as scratch:
        size, count, rounds = ((256, 192), 6, 1) if quick else ((4000, 3000), 24, 4)
        found.append(scale_photographs(model, *size, count, rounds, Path(scratch)))
    document = {
        "machine": {**around.to_dict(), "core": core_name()},
        "scaling": [asdict(one) for one in found],
    }
    (out / "scaling.json").write_text(json.dumps(document, indent=2) + "\n")
    (out / "scaling.md").write_text(format_table(found))
    click.echo(format_table(found))


if __name__ == "__main__":
    main()
