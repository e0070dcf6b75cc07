"""The comparison runs, with contenders that need nothing but what the tests have."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.benchmarks.contenders import NAMES, OURS
from crackscan.benchmarks.contenders.worker import (
    MOST_PATCHES,
    RGB,
    ByPatches,
    Contender,
    Picture,
    patch_corners,
)
from crackscan.benchmarks.peers.bench import describe_contender
from crackscan.benchmarks.peers.child import Child, GoneError
from crackscan.benchmarks.peers.environments import InstallError, make_environment, module_path
from crackscan.benchmarks.peers.measure import Spread, Times
from crackscan.benchmarks.peers.report import format_markdown
from crackscan.benchmarks.peers.slices import Accuracy, Slice, Slices
from crackscan.edge.appliance.bench import patches_in
from crackscan.edge.inference.model import MODELS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("side", "starts"),
    [(128, [0]), (129, [0, 1]), (192, [0, 64]), (480, [0, 64, 128, 192, 256, 320, 352])],
)
def test_patches_cover_a_side_to_its_end(side: int, starts: list[int]) -> None:
    assert patch_corners(side) == starts


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (128, 300)])
def test_a_contender_by_patches_looks_at_those_that_are_counted(width: int, height: int) -> None:
    seen: list[tuple[int, ...]] = []

    def score(patch: RGB) -> float:
        seen.append(patch.shape)
        return 0.0

    picture = Picture(np.zeros((height, width, 3), np.uint8), Path())
    assert ByPatches("", score).scan(picture) == 1
    assert seen == [(128, 128, 3)] * patches_in(width, height)


def test_of_very_many_patches_some_are_looked_at_and_their_share_is_reported() -> None:
    scanned = 0

    def score(_: RGB) -> float:
        nonlocal scanned
        scanned += 1
        return 0.0

    share = ByPatches("", score).scan(Picture(np.zeros((1500, 2000, 3), np.uint8), Path()))
    assert scanned == MOST_PATCHES
    assert share == MOST_PATCHES / patches_in(2000, 1500)


def test_every_contender_describes_itself() -> None:
    labels = [describe_contender(name).label for name in NAMES]
    assert len(set(labels)) == len(labels)
    assert all(isinstance(describe_contender(name), Contender) for name in NAMES)
    assert NAMES[0] == OURS and not describe_contender(OURS).installs


def test_what_cannot_be_installed_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="not-there") as error:
        make_environment(
            tmp_path / "own", [("--no-index", "--find-links=.", "crackscan-not-there")]
        )
    assert "\n" not in str(error.value)
    assert not (tmp_path / "own" / "installed").exists()


def test_a_contender_that_ends_reports_why(tmp_path: Path) -> None:
    with pytest.raises(GoneError, match="there is no model file"):
        Child(Path(sys.executable), OURS, tmp_path, 1, module_path(tmp_path / "path"))


def test_the_table_lists_who_is_missing_and_why() -> None:
    spread = Spread(1.0, 2.0, 4.0)
    one = Times(
        contender=OURS, runs_on="here", width=640, height=480, threads=2, rounds=3,
        frame_ms=spread, cpu_ms=spread, times_ours=spread, share=1.0, peak_mb=80.4, ready_s=0.1,
    )  # fmt: skip
    labels = {name: describe_contender(name).label for name in NAMES}
    missing = {"ncnn_float": "cannot be installed: no wheel"}
    table = format_markdown([one], labels, {OURS: 0.97}, missing, "As measured.")
    row = f"| {labels[OURS]} | 500 | 2 (1–4) | 2 | 80 | 0.970 |"
    assert row in table.splitlines()
    assert table.startswith("As measured.") and "| 2 threads |" in table
    assert f"- {labels['ncnn_float']}: cannot be installed: no wheel" in table
    assert one.patches_per_s == 63 * 500


def bench(folder: Path, *words: str) -> dict[str, Any]:
    """Run the comparison with two contenders on a small picture; what it wrote."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "side_by_side.py", "--out", folder / "out",
         "--work", folder / "work", "--contender", "crackscan_patch", "--size", "256x192",
         "--rounds", "2", *words],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads((folder / "out" / "comparison.json").read_text())
    return document


def test_two_contenders_are_compared(tmp_path: Path) -> None:
    document = bench(tmp_path, "--threads", "1")
    assert not document["left_out"]
    ours, patches = document["times"]
    assert (ours["contender"], patches["contender"]) == (OURS, "crackscan_patch")
    assert ours["times_ours"]["median"] == 1
    for one in document["times"]:
        assert (one["width"], one["height"], one["threads"], one["rounds"]) == (256, 192, 1, 2)
        assert 0 < one["frame_ms"]["low"] <= one["frame_ms"]["median"] <= one["frame_ms"]["high"]
        assert one["patches_per_s"] == pytest.approx(6 * one["frames_per_s"])
        assert 20 < one["peak_mb"] < 2000
    table = (tmp_path / "out" / "comparison.md").read_text()
    assert describe_contender(OURS).label in table and "256x192: frames/s" in table
    assert "| 1 thread |" in table and "| 2 threads |" not in table
    assert "<svg" in (tmp_path / "out" / "comparison.svg").read_text()


def test_the_comparison_is_made_in_slices(tmp_path: Path) -> None:
    first = bench(tmp_path, "--threads", "1")["times"]
    second = bench(tmp_path, "--threads", "1", "--threads", "2", "--resume")["times"]
    assert second[:2] == first, "what was measured is kept"
    assert [(one["contender"], one["threads"]) for one in second[2:]] == [
        (OURS, 2),
        ("crackscan_patch", 2),
    ]
    table = (tmp_path / "out" / "comparison.md").read_text()
    assert "| 1 thread |" in table and "| 2 threads |" in table
    third = bench(tmp_path, "--threads", "1")["times"]
    assert len(third) == 2 and third != first


def test_what_another_model_was_measured_for_is_not_kept(tmp_path: Path) -> None:
    spread = Spread(1.0, 2.0, 4.0)
    times = Times(
        contender=OURS, runs_on="here", width=640, height=480, threads=2, rounds=3,
        frame_ms=spread, cpu_ms=spread, times_ours=None, share=1.0, peak_mb=80.4, ready_s=0.1,
    )  # fmt: skip
    one = Slice(640, 480, 2, 3, ("not quiet",), {"ncnn_float": "no wheel"}, (times,))
    scored = Accuracy(600, "random weights", {OURS: 0.97})
    slices = Slices(tmp_path / "kept", MODELS / "crack-s.tflite")
    assert slices.kept_results() == [] and slices.read_accuracy() is None
    slices.keep_result(one)
    slices.keep_accuracy(scored)
    again = Slices(tmp_path / "kept", MODELS / "crack-s.tflite")
    assert again.kept_results() == [one] and again.read_accuracy() == scored
    assert again.has_result(640, 480, 2) and not again.has_result(640, 480, 1)
    other = Slices(tmp_path / "kept", MODELS / "crack-m.tflite")
    assert (
        other.kept_results() == []
        and other.read_accuracy() is None
        and not other.has_result(640, 480, 2)
    )
    again.clear_results()
    assert again.kept_results() == []


def test_a_slow_contender_looks_at_fewer_patches() -> None:
    slow = ByPatches("", lambda _: time.sleep(0.02) or 0.0, most_s=0.1)  # type: ignore[func-returns-value]
    share = slow.scan(Picture(np.zeros((480, 640, 3), np.uint8), Path()))
    assert 1 / 63 < share < 10 / 63
