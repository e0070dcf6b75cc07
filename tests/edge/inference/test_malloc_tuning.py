"""Memory that was used for a moment does not stay with the process."""

import subprocess
import sys

HOLES = """
from crackscan.edge.device.health import resident_mb
from crackscan.edge.inference.malloc_tuning import give_back, keep_small
assert keep_small()
blocks = [bytes(100_000) for _ in range(600)]
keep = blocks[-1]  # at the heap's end: what lies before it is a hole once it is free
full = resident_mb()
del blocks
left = resident_mb()
assert give_back()
print(full, left, resident_mb())
"""


def test_holes_in_the_heap_go_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    full, left, after = map(float, done.stdout.split())
    assert full - left < 20, "freed memory went back by itself: nothing to be done here"
    assert left - after > 40


BESIDE = """
import numpy as np
from crackscan.edge.device.health import resident_mb
from crackscan.edge.inference.malloc_tuning import keep_small
assert keep_small()
del (first := [np.ones(3_000_000, np.uint8)])[:]  # glibc would learn from it
frames = [(np.ones(3_000_000, np.uint8), bytes(1000)) for _ in range(20)]
kept = [small for _, small in frames]
full = resident_mb()
del frames
print(full - resident_mb())
"""


def test_frames_go_back_at_once_whatever_small_was_made_between_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BESIDE], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) > 50
