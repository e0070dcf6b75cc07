"""Own work is not taken for that of others, and that of others is."""

import os
import subprocess
import sys

from crackscan.benchmarks.peers.others import Others

BUSY = [sys.executable, "-c", "import time\nwhile time.process_time() < 1: pass"]


def test_own_children_are_no_others() -> None:
    with Others() as others:
        subprocess.run(BUSY, check=True)
    assert 0.9 < others.own_s < 2
    assert 0 <= others.share < 1


def test_what_goes_on_after_the_block_is_another_program() -> None:
    """A child that has not ended yet is not counted as own."""
    other = subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"])
    try:
        with Others() as others:
            subprocess.run(BUSY, check=True)
    finally:
        other.kill()
        other.wait()
    assert others.own_s < 2 and others.share > 0.2 / (os.cpu_count() or 1)
    (warning,) = others.warnings
    assert warning.startswith("other programs used ") and "%" in warning
