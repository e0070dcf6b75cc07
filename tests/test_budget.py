"""What a frame may cost, in counts that are the same on every machine."""

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from crackscan.convert.audit import audit_model
from crackscan.convert.input_rewrite import optimize_input
from crackscan.convert.macs import count_macs, list_layers
from crackscan.core.pictures import decode_picture
from crackscan.edge.appliance.bench.wall import encoded_frames
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.inference.model import MODELS, Model, shipped_models
from crackscan.edge.tracking.quality_history import QualityHistoryParameters
from crackscan.edge.tracking.wall_tracker import WallTracker

MOST = {"crack-s": (150e6, 200_000), "crack-m": (1000e6, 600_000)}
"""Multiply-adds on a 640x480 frame, and bytes of the file."""
SIDES = 480, 640


def test_every_shipped_model_has_a_budget() -> None:
    assert sorted(MOST) == shipped_models()


@pytest.mark.parametrize("name", MOST)
def test_a_model_keeps_within_its_budget(name: str) -> None:
    file = MODELS / f"{name}.tflite"
    macs, size = MOST[name]
    assert count_macs(file, *SIDES) <= macs
    assert file.stat().st_size <= size


@pytest.mark.parametrize("name", MOST)
def test_no_operator_goes_over_a_frame_before_the_first_convolution(name: str) -> None:
    file = MODELS / f"{name}.tflite"
    assert audit_model(file).not_delegated == ()
    assert list_layers(file)[0].kind == "CONV_2D"
    assert optimize_input(file.read_bytes(), 16) == file.read_bytes()


def allocated(work: Callable[[], object]) -> int:
    """Bytes that Python, numpy and OpenCV's pictures take at most while something is done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def allocated_by_map(model: Model, rgb: np.ndarray) -> int:
    """The same while a frame is mapped, once all is warm."""
    model.crack_map(rgb)
    return allocated(lambda: model.crack_map(rgb))


def test_a_frame_is_mapped_without_a_copy_of_it() -> None:
    model = Model.load("crack-s", 1)
    rgb = decode_picture(encoded_frames(640, 480)[0], Path("wall.jpg"))
    assert allocated_by_map(model, rgb) < rgb.nbytes / 20
    part = rgb[16:432, 8:600]
    assert not part.flags.c_contiguous and part.shape[1] % 16 == 0
    assert allocated_by_map(model, part) < part.nbytes / 20
    odd = rgb[:470, :630]  # the last cells are mirrored
    assert allocated_by_map(model, odd) < odd.nbytes / 8


def test_a_frame_is_decoded_into_one_array() -> None:
    jpeg = encoded_frames(640, 480)[0]
    size = decode_picture(jpeg, Path("wall.jpg")).nbytes
    assert allocated(lambda: decode_picture(jpeg, Path("wall.jpg"))) < 1.5 * size


def test_a_frame_is_track_frameed_in_less_memory_than_its_own() -> None:
    pictures = [decode_picture(one, Path("wall.jpg")) for one in encoded_frames(640, 480)]
    cells = np.full((30, 40), 0.01, np.float32)
    cells[10:20, 20] = 0.99
    tracker = WallTracker(Rule(0.5, 0.7, 4, 16))
    taken = []
    for number, rgb in enumerate(pictures):
        frame = Frame(rgb, number, str(number), "wall", number / 15, number / 15)
        add = partial(_track_frame, tracker, frame, cells)
        taken.append(allocated(add) / rgb.nbytes)
    assert np.median(taken) < 0.8
    # Of so many frames one has its sharpness measured; the first one also makes tables.
    assert (
        sum(one > 1 for one in taken[1:]) <= len(taken) // QualityHistoryParameters().measured_every
    )
    assert max(taken[1:]) < 2


def _track_frame(tracker: WallTracker, frame: Frame, cells: np.ndarray) -> object:
    return tracker.track_cracks(tracker.register_frame(frame), cells)


def turns_beside(work: Callable[[], object]) -> int:
    """How often a thread that wakes every millisecond has its turn while another one works."""
    working, turns = Thread(target=work), 0
    working.start()
    while working.is_alive():
        turns += 1
        time.sleep(0.001)
    return turns


def test_other_threads_run_on_while_a_picture_is_decoded_and_mapped() -> None:
    model, jpeg = Model.load("crack-m", 1), encoded_frames(4000, 3000)[0]
    rgb = decode_picture(jpeg, Path("wall.jpg"))
    assert turns_beside(lambda: decode_picture(jpeg, Path("wall.jpg"))) > 10
    # Five blocks and more, between which a thread that waits for the interpreter's lock gets it.
    assert turns_beside(lambda: model.crack_map(rgb)) > 50
