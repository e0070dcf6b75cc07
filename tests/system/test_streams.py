"""RTSP by GStreamer's server and MPEG-TS by ffmpeg: read, killed, started again, read again."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import SourceError
from crackscan.core.pictures import RGB
from crackscan.edge.capture import Source, SourceState, open_source

SERVER = Path(__file__).with_name("rtsp_camera.py")
SYSTEM_PYTHON = "/usr/bin/python3"
"""GStreamer's bindings are the OS's own."""


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(command: list[str], ready: str = "") -> Iterator[subprocess.Popen[str]]:
    """A program until the block ends, which kills it; waits for it to say that it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        assert not ready or process.stdout.readline().strip() == ready
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def rtsp_camera(port: int) -> list[str]:
    needed = [SYSTEM_PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
    if subprocess.run(needed, capture_output=True, check=False).returncode:
        pytest.skip("no RTSP server: apt install gir1.2-gst-rtsp-server-1.0 python3-gi")
    if not shutil.which("gst-inspect-1.0") and not list(Path("/usr/lib").rglob("libgstx264.so")):
        pytest.skip("GStreamer has no H.264 encoder: apt install gstreamer1.0-plugins-ugly")
    return [SYSTEM_PYTHON, str(SERVER), str(port)]


def drone(port: int) -> list[str]:
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("no ffmpeg on this machine: apt install ffmpeg")
    square = "color=blue:size=640x480:rate=15[wall];color=red:size=160x120:rate=15[ball]"
    moving = "[wall][ball]overlay=x='mod(t*60,400)':y=100:shortest=1"
    return [
        *(program, "-loglevel", "error", "-re", "-f", "lavfi", "-i", f"{square};{moving}"),
        *("-c:v", "mpeg2video", "-g", "15", "-b:v", "2M", "-minrate", "2M", "-maxrate", "2M"),
        *("-bufsize", "2M", "-muxrate", "3M", "-f", "mpegts"),
        f"udp://127.0.0.1:{port}?pkt_size=1316",
    ]


def red_on_blue(rgb: RGB) -> bool:
    red = (rgb[..., 0] > 180) & (rgb[..., 2] < 80)
    blue = (rgb[..., 2] > 180) & (rgb[..., 0] < 80)
    return bool(200 < np.count_nonzero(red) < 0.1 * red.size and blue.mean() > 0.8)


def wait_for(source: Source, state: SourceState, within_s: float = 20) -> None:
    until_s = time.monotonic() + within_s
    while source.condition.state is not state and time.monotonic() < until_s:
        time.sleep(0.05)
    assert source.condition.state is state, source.condition


@pytest.mark.system
@pytest.mark.parametrize("kind", ["rtsp over tcp", "rtsp over udp", "udp"])
def test_a_stream_is_read_killed_and_found_again(kind: str) -> None:
    if kind == "udp":
        port = free_port(socket.SOCK_DGRAM)
        command, ready = drone(port), ""
        name = f"udp://127.0.0.1:{port}#timeout=2"
    else:
        port = free_port(socket.SOCK_STREAM)
        command, ready = rtsp_camera(port), "ready"
        name = f"rtsp://127.0.0.1:{port}/stream#timeout=2,transport={kind[-3:]}"
    with running(command, ready):
        source = open_source(name)
        frames = iter(source)
        first = list(itertools.islice(frames, 10))
        assert all(red_on_blue(frame.rgb) for frame in first[-3:])
        assert {frame.rgb.shape for frame in first} == {(480, 640, 3)}
        late_s = [time.monotonic() - next(frames).monotonic_s for _ in range(5)]
        assert np.median(late_s) < 0.5
    with source:
        killed_s = time.monotonic()
        wait_for(source, SourceState.LOST)
        assert time.monotonic() - killed_s < 8  # the reading deadline, twice over
        with running(command, ready):
            frame = next(frame for frame in frames if source.gaps)
            later = list(itertools.islice(frames, 5))
            assert red_on_blue(later[-1].rgb) and frame.index > first[-1].index
            assert source.condition.good
            gap = source.gaps[0]
            assert 0 < gap.seconds < 40 and str(port) in gap.why


@pytest.mark.system
def test_a_stream_that_freezes_is_noticed_and_given_up_when_told_to() -> None:
    port = free_port(socket.SOCK_STREAM)
    with (
        running(rtsp_camera(port), "ready") as server,
        open_source(f"rtsp://127.0.0.1:{port}/stream#timeout=1,giveup=2") as source,
    ):
        frames = iter(source)
        next(frames)
        os.kill(server.pid, signal.SIGSTOP)
        began_s = time.monotonic()
        with pytest.raises(SourceError, match="given up after"):
            list(frames)
        assert time.monotonic() - began_s < 40  # two attempts to open, 10 s each, and waiting
