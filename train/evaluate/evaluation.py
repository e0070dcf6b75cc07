"""The whole evaluation: choose the pictures, score them, write the document and the page."""

import json
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from crackscan.core.dataset.selection import PatchReader, PatchSelection, select_patches
from crackscan.core.dataset.split import Side
from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import ModelError
from crackscan.core.run_folder import NETWORK
from crackscan.train.data.thumbnails import Report
from crackscan.train.evaluate.measure import Measured, measure_cells, measure_patches
from crackscan.train.evaluate.page import render_page
from crackscan.train.evaluate.predict import Scorer, load_scorer
from crackscan.train.evaluate.report import (
    Document,
    assemble_document,
    describe_data,
    describe_model,
    report_cells,
    report_patches,
)

MODELS = Path(__file__).resolve().parents[2] / "models"
PAGE, DOCUMENT = "evaluation.html", "evaluation.json"


def evaluate_model(
    model: Path,
    data: Path,
    *,
    report: Report = lambda *_: None,
    out: Path | None = None,
    split: Path | None = None,
    side: Side | None = None,
    point: str = "default",
    threads: int | None = None,
    command: str = "",
) -> tuple[Document, Path]:
    """Judge a model file on a data folder and write evaluation.html and evaluation.json.

    `report` gets the progress. Returns the document, and the folder that holds both: `out`,
    or evaluations/MODEL-on-DATA.

    Raises:
        CrackscanError: the model, the data, the split or the operating point cannot be used.
        OSError: the folder cannot be written.
    """
    start = time.monotonic()
    judged = select_patches(data, split, side, model)
    scorer = load_scorer(model, threads)
    scorer.card.operating_point(point)
    folder = out or Path("evaluations") / f"{scorer.card.name}-on-{judged.name}"
    _demand_writable(folder)
    measured, document = _judge_patches(model, scorer, judged, point, report)
    document |= {"command": command, "seconds": round(time.monotonic() - start, 1)}
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    write_atomically(folder / PAGE, render_page(document, measured).encode())
    write_atomically(folder / DOCUMENT, f"{text}\n".encode())
    return document, folder


def find_model(name: Path) -> Path:
    """A model file: the file itself, the network of a run folder, or a shipped model's file.

    Raises:
        ModelError: there is none.
    """
    if name.is_dir():
        if not (name / NETWORK).is_file():
            raise ModelError(f"{name} is not a run folder: it holds no {NETWORK}")
        return name / NETWORK
    if name.exists() or name.suffix:
        return name
    shipped = {path.stem: path for path in sorted(MODELS.glob("*.tflite"))}
    if str(name) not in shipped:
        known = ", ".join(shipped) or "none"
        raise ModelError(f"there is no model {name}: give a file, a run folder or one of: {known}")
    return shipped[str(name)]


def _judge_patches(
    model: Path, scorer: Scorer, judged: PatchSelection, point: str, report: Report
) -> tuple[Measured, Document]:
    reader = PatchReader(judged)
    pictures = len(judged.items)
    advance = _count_steps(report, "Scoring patches", pictures)
    measured = measure_patches(
        scorer, reader.read_patches(advance), scorer.card.operating_point(point).patch
    )
    cells = None
    if judged.masks:
        advance = _count_steps(report, "Scoring whole photographs", pictures)
        totals = measure_cells(
            scorer, reader.read_photographs(advance), scorer.card.operating_points
        )
        cells = report_cells(totals, scorer.card, pictures - len(reader.skipped))
    patch = report_patches(measured, scorer.card, point)
    return measured, assemble_document(
        model=describe_model(model, scorer),
        data=describe_data(judged, reader, measured),
        measured=measured,
        point=point,
        patch=patch,
        cells=cells,
    )


def _count_steps(report: Report, stage: str, total: int) -> Callable[[], None]:
    """What to call after each of `total` steps of a stage."""
    done = count(1)
    return lambda: report(stage, next(done), total)


def _demand_writable(folder: Path) -> None:
    """Fail now rather than after the scoring; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
