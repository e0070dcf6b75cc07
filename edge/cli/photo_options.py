"""What `classify` and `measure` share: their pictures, and the detection of `scan`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crackscan.core.errors import PictureError

if TYPE_CHECKING:
    from crackscan.core.model_card import Card
    from crackscan.edge.measurement.scale.settings import ScaleSettings
    from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
    from crackscan.edge.pipelines.photos.values import PhotoResult, Task

_BLOCK_PX = 640 * 640
"""Area of the blocks in which a picture is mapped: as quick as large ones in one process, and half
the memory; the map does not depend on it."""


def open_detector(
    model: str | None,
    point: str,
    threads: int | None,
    scale: "ScaleSettings",
    most_close_ups: int = 0,
    measured: bool = True,
) -> "PhotoDetector":
    """The detection that `crackscan scan` applies to photographs.

    Args:
        model: name or file; None: the default for photographs.
        point: name of the operating point.
        threads: of the model; None: one per core, at most four.
        scale: what the options say of it.
        most_close_ups: how many findings per picture get a close-up.
        measured: whether the findings are measured, which takes longer than finding them.

    Raises ModelError or ScaleError.
    """
    from crackscan.edge.inference.model import Model
    from crackscan.edge.inference.model_store import ModelUse
    from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
    from crackscan.edge.pipelines.photos.values import Method

    loaded = Model.load(model, threads, ModelUse.PHOTOGRAPHS)
    loaded.block_budget_px = _BLOCK_PX
    method = Method(
        str(loaded.path),
        point,
        scale,
        threads,
        most_measured=Method.most_measured if measured else 0,
        most_close_ups=most_close_ups,
        keep_copy=False,
    )
    return PhotoDetector(method, loaded)


def find_pictures(named: Sequence[Path]) -> "list[Task]":
    """The named pictures, and those in the named folders and below, sorted.

    Raises SourceError for a folder without pictures. Files need not exist.
    """
    from crackscan.edge.pipelines.photos.values import Task

    found: list[Task] = []
    for path in named:
        if not path.is_dir():
            found.append(Task(path.name, str(path), len(found)))
            continue
        from crackscan.edge.pipelines.photos.listing import list_photos

        found += list_photos(path).tasks
    return found


def detect_pictures(
    detector: "PhotoDetector", tasks: "Sequence[Task]"
) -> Iterator["tuple[Task, PhotoResult | PictureError]"]:
    """The result of each picture, or why it cannot be judged."""
    for task in tasks:
        result = detector.process_file(task)
        if result.skipped:
            yield task, PictureError(f"{task.path} {result.skipped}")
        else:
            yield task, result


def model_fields(card: "Card", point: str) -> dict[str, Any]:
    """For JSON: what a result was found with."""
    return {"model": card.name, "model_version": card.version, "operating_point": point}


def model_label(card: "Card", point: str) -> str:
    """The model and its threshold: `crack-m 2, threshold 0.71`, with the operating point if it
    was chosen."""
    chosen = "" if point == "default" else f" ({point})"
    threshold = card.operating_point(point).finding_threshold
    return f"{card.name} {card.version}, threshold {threshold:.2f}{chosen}"
