"""The same pictures through crackpot 2.0 and crackscan, side by side.

    python benchmarks/crackpot_comparison.py ../shared/data --out comparison/

crackpot (GPL-3.0, TU Dresden) is installed into an environment of its own and run as a separate
program; nothing of it is part of crackscan. Both look at the pictures alternately, each in one
process that keeps its network loaded.
"""

import json
import os
import platform
import subprocess
import sys
import venv
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.cells import CELL_PX
from crackscan.core.dataset.patches import crack_mask
from crackscan.core.pictures import read_picture
from crackscan.core.skeleton import length_px, skeletonize_mask

CRACKPOT = "crackpot[tensorflow]==2.0"
FOUND = 0.5
"""A crack counts as found if this share of its mask's middle line lies in marked cells."""
HERE = Path(__file__).parent
Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Picture:
    """One of the pictures, and its mask."""

    path: Path
    mask: NDArray[np.bool_] | None

    @property
    def kind(self) -> str:
        return self.path.parent.parent.name if self.mask is not None else self.path.parent.name

    @property
    def width_px(self) -> float | None:
        """The mask's area over the length of its middle line."""
        if self.mask is None or not (length := length_px(skeletonize_mask(self.mask))):
            return None
        return float(self.mask.sum()) / length


@dataclass(frozen=True)
class Answer:
    """What one program made of one picture."""

    covered: float | None
    """Share of the mask's middle line in marked cells; None without a crack."""
    false_alarms: int
    """Connected groups of marked cells that touch no crack, nor a cell beside one."""
    width_px: float | None
    width_error_px: float | None
    seconds: float
    cpu_s: float
    """Processor time of all threads, which a busy machine hardly changes."""
    network_s: float
    peak_mb: float
    undecided: float | None

    @property
    def found(self) -> bool:
        return self.covered is not None and self.covered >= FOUND


class Worker:
    """A program that answers a picture's path with a line of JSON."""

    def __init__(self, command: list[str]) -> None:
        quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=quiet,
        )
        self.ready_s = float(self._read()["ready_s"])

    def detect_cracks(self, path: Path) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise click.ClickException(f"{self._process.args!r} ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer


def pictures_of(data: Path, count: int) -> list[Picture]:
    """`count` pictures with masks, half as many METU negatives, and all crack-free photographs."""
    cracked = _spread_evenly(sorted((data / "deepcrack_dev" / "images").glob("*.jpg")), count)
    plain = _spread_evenly(sorted((data / "metu" / "negative").glob("*.jpg")), count // 2)
    listed = json.loads((HERE.parent / "train" / "field_photos.json").read_text())
    intact = [data / "field_photos" / one["file"] for one in listed["photos"] if one["crack_free"]]
    masks = data / "deepcrack_dev" / "masks"
    return [
        *(Picture(p, crack_mask(masks / f"{p.stem}.png", read_picture(p))) for p in cracked),
        *(Picture(path, None) for path in [*plain, *intact]),
    ]


def judge_answers(picture: Picture, answers: list[dict[str, Any]]) -> Answer:
    """Compare a program's answers, alike but for the time, with the mask."""
    one = answers[0]
    height, width = read_picture(picture.path).shape[:2]
    marked = np.zeros((-(-height // CELL_PX), -(-width // CELL_PX)), np.uint8)
    for row, column in one["cells"]:
        marked[row, column] = 1
    cracked = np.zeros(marked.shape, np.uint8)
    covered = None
    if picture.mask is not None:
        rows, columns = np.nonzero(picture.mask)
        cracked[rows // CELL_PX, columns // CELL_PX] = 1
        rows, columns = np.nonzero(skeletonize_mask(picture.mask))
        covered = float(marked[rows // CELL_PX, columns // CELL_PX].mean())
    near = cv2.dilate(cracked, np.ones((3, 3), np.uint8))
    groups, labels = cv2.connectedComponents(marked, connectivity=8)
    touching = set(np.unique(labels[near > 0]).tolist()) - {0}
    true, measured = picture.width_px, one["width_px"]
    return Answer(
        covered=covered,
        false_alarms=groups - 1 - len(touching),
        width_px=measured,
        width_error_px=None if true is None or measured is None else abs(measured - true),
        seconds=median(answer["seconds"] for answer in answers),
        cpu_s=median(answer["cpu_s"] for answer in answers),
        network_s=median(answer["network_s"] for answer in answers),
        peak_mb=max(answer["peak_mb"] for answer in answers),
        undecided=one.get("undecided"),
    )


def make_environment(folder: Path) -> Path:
    """The Python of an environment with crackpot, made where it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    there = [str(python), "-c", "import importlib.util as u; assert u.find_spec('crackpot')"]
    if subprocess.run(there, capture_output=True, check=False).returncode:
        click.echo(f"installing {CRACKPOT} into {folder}", err=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", CRACKPOT], check=True)
    return python


def sum_rows(rows: list[tuple[Picture, Answer]]) -> dict[str, float | int | None]:
    """What a program comes to over all pictures."""
    with_crack = [one for picture, one in rows if picture.mask is not None]
    without = [one for picture, one in rows if picture.mask is None]
    errors = [one.width_error_px for one in with_crack if one.width_error_px is not None]
    return {
        "cracked_pictures": len(with_crack),
        "found": sum(one.found for one in with_crack),
        "median_covered": median(one.covered or 0.0 for one in with_crack),
        "false_alarms_on_cracked": sum(one.false_alarms for one in with_crack),
        "pictures_without_crack": len(without),
        "of_them_alarmed": sum(one.false_alarms > 0 for one in without),
        "false_alarms_without_crack": sum(one.false_alarms for one in without),
        "widths_given": len(errors),
        "median_width_error_px": median(errors) if errors else None,
        "widths_within_1px": sum(error <= 1 for error in errors),
        "median_seconds": median(one.seconds for _, one in rows),
        "median_processor_s": median(one.cpu_s for _, one in rows),
        "median_network_s": median(one.network_s for _, one in rows),
        "peak_mb": max(one.peak_mb for _, one in rows),
    }


def format_markdown(given: dict[str, Any]) -> str:
    """The totals and one line a picture, as tables."""
    names = list(given["programs"])
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    first = given["programs"][names[0]]["totals"]
    for key in first:
        cells = [_format_figure(given["programs"][name]["totals"][key]) for name in names]
        lines.append(f"| {key.replace('_', ' ')} | {' | '.join(cells)} |")
    lines += [""]
    columns = ("found", "false alarms", "width px", "processor s")
    heads = [f"{name}: {column}" for column in columns for name in names]
    lines += ["| picture | mask's width px | " + " | ".join(heads) + " |"]
    lines += ["|---" * (len(heads) + 2) + "|"]
    for row in given["pictures"]:
        answers = [row[name] for name in names]
        cells = [
            *("–" if one["covered"] is None else f"{one['covered']:.0%}" for one in answers),
            *(str(one["false_alarms"]) for one in answers),
            *(_format_figure(one["width_px"]) for one in answers),
            *(_format_figure(one["cpu_s"]) for one in answers),
        ]
        lines.append(
            f"| {row['picture']} | {_format_figure(row['width_px'])} | {' | '.join(cells)} |"
        )
    return "\n".join(lines) + "\n"


def _format_figure(value: float | int | None) -> str:
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.3g}"


def _spread_evenly(paths: list[Path], count: int) -> list[Path]:
    """`count` of them, evenly over the list."""
    at = np.linspace(0, len(paths) - 1, count).round().astype(int)
    return [paths[i] for i in at]


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--count", type=click.IntRange(2), default=20, show_default=True)
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True)
@click.option("--model", help="A shipped model's name, or a .tflite file.")
@click.option("--environment", "folder", type=click.Path(path_type=Path),
              help="With crackpot in it; OUT/crackpot-environment if not given. Made.")  # fmt: skip
def main(
    data: Path, out: Path, count: int, repeat: int, model: str | None, folder: Path | None
) -> None:
    """Run both programs on the pictures in DATA; write comparison.json and comparison.md."""
    out.mkdir(parents=True, exist_ok=True)
    python = make_environment((folder or out / "crackpot-environment").absolute())
    commands = {
        "crackpot": [str(python), str(HERE / "crackpot_worker.py")],
        "crackscan": [
            sys.executable,
            str(HERE / "crackscan_worker.py"),
            *([model] if model else []),
        ],
    }
    workers = {name: Worker(command) for name, command in commands.items()}
    pictures = pictures_of(data, count)
    for worker in workers.values():
        worker.detect_cracks(pictures[0].path)
    rows: dict[str, list[tuple[Picture, Answer]]] = {name: [] for name in workers}
    listed = []
    for number, picture in enumerate(pictures, 1):
        given_answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
        for _ in range(repeat):
            for name, worker in workers.items():
                given_answers[name].append(worker.detect_cracks(picture.path))
        answers = {name: judge_answers(picture, given) for name, given in given_answers.items()}
        for name, answer in answers.items():
            rows[name].append((picture, answer))
        shown = {name: asdict(answer) for name, answer in answers.items()}
        listed.append(
            {
                "picture": f"{picture.kind}/{picture.path.stem}",
                "width_px": picture.width_px,
                **shown,
            }
        )
        click.echo(f"{number} of {len(pictures)}: {picture.path.name}", err=True)
        (out / "comparison.json").write_text(
            json.dumps(collect_figures(workers, rows, listed), indent=2) + "\n"
        )
    for worker in workers.values():
        worker.close()
    tables = format_markdown(collect_figures(workers, rows, listed))
    (out / "comparison.md").write_text(tables)
    click.echo(tables)


def collect_figures(
    workers: dict[str, Worker],
    rows: dict[str, list[tuple[Picture, Answer]]],
    listed: list[dict[str, Any]],
) -> dict[str, Any]:
    """All figures so far, for JSON."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[1],
        "programs": {
            name: {"ready_s": worker.ready_s, "totals": sum_rows(rows[name])}
            for name, worker in workers.items()
        },
        "pictures": listed,
    }


if __name__ == "__main__":
    main()
