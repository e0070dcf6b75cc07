"""A folder of very many photographs: memory of the process that lists and records them."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from crackscan.benchmarks.growth.values import Point
from crackscan.core.model_card import Card
from crackscan.core.picture_writing import write_picture
from crackscan.edge.device.health import resident_mb
from crackscan.edge.inference.model import Model
from crackscan.edge.pipelines.photos.folder import method_settings, open_survey
from crackscan.edge.pipelines.photos.listing import list_photos
from crackscan.edge.pipelines.photos.process_pool import ProcessPool
from crackscan.edge.pipelines.photos.record import PhotoRecorder
from crackscan.edge.pipelines.photos.scan_photos import scan_photos
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import Method
from crackscan.edge.survey import PictureQuota, SurveyInfo

SIDE_PX = 64
MARKS = 20
"""Points per curve."""


def by_pictures(
    folder: Path, count: int, workers: int, watch: Callable[[int], None]
) -> list[Point]:
    """Resident memory of the recording process along a survey of `count` photographs.

    They are small, and links to few files, so that it is the number that counts: each is listed,
    decoded, processed and recorded as any other.
    """
    photographs = folder / "photographs"
    _make_photographs(photographs, count)
    model = Model.load(None, threads=1)
    method = Method(str(model.path.resolve()), most_close_ups=0, keep_copy=False)
    card: Card = model.card
    del model
    points: list[Point] = []
    listing = list_photos(photographs)
    settings = method_settings(method, card, photographs)
    info = SurveyInfo("growth", source=str(photographs), model=card.name)
    tally = PhotoTally()

    def mark(now: PhotoTally) -> None:
        watch(now.done)
        if now.done % max(count // MARKS, 1) == 0:
            held_mb = resident_mb() or 0.0
            points.append(Point("memory, by photographs", now.done, held_mb, held_mb, "MB"))

    with open_survey(folder / "survey", info, settings, card, listing) as record:
        pool, recorder = ProcessPool(method, workers), PhotoRecorder(record, PictureQuota(0))
        scan_photos(listing, pool, recorder, tally, watch=mark)
    assert tally.done == count and not tally.skipped, tally
    return points


def _make_photographs(folder: Path, count: int, a_folder: int = 1000) -> None:
    """Photographs in folders of a thousand; links, whose number per file is limited."""
    rng = np.random.default_rng(0)
    for first in range(0, count, a_folder):
        below = folder / f"{first // a_folder:04d}"
        below.mkdir(parents=True)
        grey = cv2.resize(rng.integers(90, 160, (4, 4), np.uint8), (SIDE_PX, SIDE_PX))
        original = below / "0.jpg"
        write_picture(original, np.repeat(grey[..., None], 3, 2).astype(np.uint8))
        for number in itertools.islice(range(1, a_folder), count - first - 1):
            os.link(original, below / f"{number}.jpg")
