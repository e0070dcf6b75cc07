"""A scan of 1280x720 with a phone looking on takes no more memory than a small Pi has to give.

pytest tests/system/test_memory.py -m system -s
"""

import signal
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from phone import start, until
from test_soak import Part, Viewer, measure

sys.path.pop(0)

from crackscan.core.pictures import read_picture
from crackscan.edge.reporting.annotated_video import AnnotatedVideo

SAMPLES = Path(__file__).parents[2] / "samples"
WIDTH, HEIGHT, STEP_PX = 1280, 720, 8
FRAMES, LOOKED_AT = 800, 200
"""Of the film; the test ends before it does."""
USUAL_MB, MOST_MB = 200, 220
"""In the middle, and at the worst: while a large crack is measured."""
PATIENCE_S = 200.0


def film(path: Path, names: tuple[str, ...]) -> None:
    """A pan there and back over samples side by side."""
    read = [read_picture(SAMPLES / name) for name in names]
    walls = [cv2.resize(one, (one.shape[1] * HEIGHT // one.shape[0], HEIGHT)) for one in read]
    street = np.concatenate(walls, 1)
    room = street.shape[1] - WIDTH
    assert room > 0
    video = AnnotatedVideo(path, 25.0)
    for index in range(FRAMES):
        x = abs((index * STEP_PX + room) % (2 * room) - room)
        video.add(np.ascontiguousarray(street[:, x : x + WIDTH]))
    video.close()


@pytest.mark.system
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "names",
    [
        ("cracked-painted-wall.jpg", "cracked-wall-below-tiles.jpg", "cracked-painted-wall.jpg"),
        ("cracked-render.jpg", "intact-joints-and-downpipe.jpg", "cracked-painted-wall.jpg"),
    ],
    ids=["many cracks", "cracks and joints"],
)
def test_a_large_film_with_a_viewer_stays_small(tmp_path: Path, names: tuple[str, ...]) -> None:
    clip = tmp_path / "clip.mp4"
    film(clip, names)
    scan = start(tmp_path, clip, "127.0.0.1:0")
    viewer = Viewer(urlsplit(scan.place).netloc)
    part = Part()
    try:
        until(lambda: viewer.seen, "the first frame", PATIENCE_S)
        until_s = time.monotonic() + PATIENCE_S
        while viewer.frames < LOOKED_AT and time.monotonic() < until_s:
            assert scan.process.poll() is None, scan.told()
            measure(scan, part)
            time.sleep(0.05)
        seen = viewer.seen
    finally:
        viewer.close()
        scan.process.send_signal(signal.SIGTERM)
        scan.process.wait(PATIENCE_S)
    assert seen > 20 and viewer.frames >= LOOKED_AT, scan.told()
    usual_mb, most_mb = statistics.median(part.resident_kb) / 1024, max(part.resident_kb) / 1024
    print(f"{viewer.frames} frames, {seen} seen: {usual_mb:.0f} MB, at most {most_mb:.0f} MB")
    assert usual_mb <= USUAL_MB and most_mb <= MOST_MB
