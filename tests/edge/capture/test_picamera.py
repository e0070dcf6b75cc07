"""Raspberry Pi cameras with a double of picamera2: colours, both streams, memory, options."""

import itertools
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import SourceError
from crackscan.core.pictures import RGB
from crackscan.edge.capture import SourceState, open_source, picamera_device

sys.path.insert(0, str(Path(__file__).parent))
from pi_double import Bench, install, padded, scene

sys.path.pop(0)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return install(monkeypatch)


def red_is_red(rgb: RGB) -> bool:
    height, width = rgb.shape[0] // 2, rgb.shape[1]
    return bool(
        np.allclose(rgb[:height, : width // 2 - 8], (220, 20, 20), atol=6)
        and np.allclose(rgb[:height, width // 2 + 8 :], (20, 20, 220), atol=6)
    )


@pytest.mark.parametrize("width", [320, 200, 1024, 4000])
def test_network_and_evidence_get_two_sizes_of_one_exposure(bench: Bench, width: int) -> None:
    with open_source(f"picamera:0#width={width}") as source:
        frames = list(itertools.islice(source, 3))
    shown = min(width, 1024)
    for frame in frames:
        assert frame.rgb.shape == (shown * 3 // 4, shown, 3) and frame.rgb.flags.c_contiguous
        assert frame.full is not None
        full = frame.full()
        assert full.shape == (768, 1024, 3) and red_is_red(frame.rgb) and red_is_red(full)
        bar, full_bar = (
            float(np.argmax(rgb[-8, :, 1] > 200)) / rgb.shape[1] for rgb in (frame.rgb, full)
        )
        assert bar == pytest.approx(full_bar, abs=0.01)  # one exposure
    assert len({frame.rgb[-8, :, 1].tobytes() for frame in frames}) == 3
    assert bench.opened[0].closed.is_set()


def test_unread_frames_are_returned_to_the_camera(bench: Bench) -> None:
    with open_source("picamera:0") as source:
        frames = iter(source)
        kept = [next(frames)]
        time.sleep(0.6)  # many more pictures than the camera has buffers
        kept += itertools.islice(frames, 8)  # and more are kept by the reader
        assert bench.opened[0].number > 12
        assert all(frame.full is not None and red_is_red(frame.full()) for frame in kept)
    assert source.dropped > 5
    assert len(bench.opened) == 1 and source.gaps == []


def test_a_stall_ends_at_its_deadline_and_the_camera_is_opened_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        picamera_device, "PARAMETERS", replace(picamera_device.PARAMETERS, request_s=0.5)
    )
    with open_source("picamera:0") as source:
        frames = iter(source)
        first = next(frames)
        bench.stalled = True
        until_s = time.monotonic() + 5
        while source.condition.state is not SourceState.LOST and time.monotonic() < until_s:
            time.sleep(0.02)
        assert source.condition.state is SourceState.LOST
        assert "check the ribbon cable" in source.condition.text
        assert bench.opened[0].closed.wait(1) and bench.opened[0].jobs_left == 0
        bench.stalled = False
        frame = next(frame for frame in frames if source.gaps)
        assert frame.index > first.index and red_is_red(frame.rgb)
    assert len(bench.opened) == 2 and bench.opened[1].closed.is_set()


def test_the_time_of_a_frame_is_that_of_its_exposure(bench: Bench) -> None:
    bench.age_s = 0.25
    with open_source("picamera:0") as source:
        frame = next(iter(source))
        age_s = time.monotonic() - frame.monotonic_s
    assert 0.24 < age_s < 1 and source.condition.state is not SourceState.STALE


def test_a_moving_camera_gets_a_short_shutter_and_a_locked_focus(bench: Bench) -> None:
    name = "picamera:0#shutter=1/2000,gain=4,focus=0.5,fps=10,full=640x480,width=320"
    with open_source(name) as source:
        frame = next(iter(source))
    assert frame.full is not None and frame.full().shape == (480, 640, 3)
    assert bench.opened[0].configuration["controls"] == {
        "ExposureTime": 500,
        "AnalogueGain": 4.0,
        "AfMode": 0,
        "LensPosition": 2.0,
        "FrameDurationLimits": (100_000, 100_000),
    }


def test_without_options_exposure_is_automatic_and_short(bench: Bench) -> None:
    with open_source("picamera:0") as source:
        next(iter(source))
    assert bench.opened[0].configuration["controls"] == {
        "AeExposureMode": 1,
        "FrameDurationLimits": (33_333, 1_000_000),
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("picamera:1", "there is no picamera:1: 1 cameras are found; check the ribbon cable"),
        ("picamera:0#focus=1", "picamera:0 has no adjustable focus"),
        ("picamera:0#focus=auto", "picamera:0 has no adjustable focus"),
    ],
)
def test_a_missing_camera_or_control_is_one_line(bench: Bench, name: str, reason: str) -> None:
    for control in ("AfMode", "LensPosition"):
        del bench.controls[control]
    with pytest.raises(SourceError, match=reason), open_source(name) as source:
        next(iter(source))
    assert all(camera.closed.is_set() for camera in bench.opened)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("picamera2", "package picamera2 is missing: apt install python3-picamera2"),
        ("libcamera", "package libcamera is missing: apt install"),
    ],
)
def test_a_missing_package_is_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, reason: str
) -> None:
    (tmp_path / "picamera2.py").write_text("import libcamera\n")
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    if module == "libcamera":
        monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SourceError, match=reason):
        open_source("picamera:0")


def test_padded_rows_do_not_shift_the_colours() -> None:
    for width, height in ((640, 480), (200, 150), (66, 50)):
        rgb = picamera_device.convert_yuv(padded(scene(width, height, 3)), (width, height))
        assert rgb.shape == (height, width, 3) and red_is_red(rgb)
