"""What tracking costs a frame, counted in steps, because a clock would measure the machine."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from crackscan.edge.appliance.bench.wall import STEP_PX, encoded_frames
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.tracking import quality_history
from crackscan.edge.tracking.dead_reckoning import DeadReckoningParameters
from crackscan.edge.tracking.wall_tracker import TrackedFrame, WallTracker

WIDTH, HEIGHT, CELL_PX = 640, 480, 16
UNDER_WAY, FRAMES = 4, 20
"""Frames of a steady pan that are not counted, and that are."""


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a step was taken since the test cleared it."""
    found: Counter[str] = Counter()

    def count(owner: object, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def counted(*given: Any, **named: Any) -> Any:
            found[name] += 1
            if getattr(given[0], "shape", ())[:2] == (HEIGHT, WIDTH):
                found[f"whole {name}"] += 1
            if getattr(given[0], "shape", ())[:2] == (HEIGHT // 2, WIDTH):
                found[f"half {name}"] += 1
            return real(*given, **named)

        monkeypatch.setattr(owner, name, counted)

    for name in ("cvtColor", "resize", "phaseCorrelate", "goodFeaturesToTrack", "warpAffine"):
        count(cv2, name)
    count(quality_history, "measure_detail")
    return found


def crack_map(index: int) -> np.ndarray:
    """Of a frame of the pan: an upright crack that stays on the wall, and calm around it."""
    cells = np.full((HEIGHT // CELL_PX, WIDTH // CELL_PX), 0.02, np.float32)
    left = (500 - STEP_PX * index) // CELL_PX
    cells[5:25, left : left + 2] = 0.97
    return cells


def scan(counts: Counter[str], cracked: bool) -> list[TrackedFrame]:
    """Follow a steady pan over a wall with a crack, or calm."""
    tracker = WallTracker(Rule(0.5, 0.7, 4, CELL_PX))
    pictures = encoded_frames(WIDTH, HEIGHT)
    calm = np.full((HEIGHT // CELL_PX, WIDTH // CELL_PX), 0.02, np.float32)
    results = []
    for index in range(UNDER_WAY + FRAMES):
        bgr = cv2.imdecode(np.frombuffer(pictures[index], np.uint8), cv2.IMREAD_COLOR)
        frame = Frame(np.asarray(bgr, np.uint8), index, str(index), "wall", index / 30, 0.0)
        if index == UNDER_WAY:
            counts.clear()
        registered = tracker.register_frame(frame)
        counts["registered"] += not registered.is_predicted
        assert registered.pose is not None and registered.pose.section == 0
        results.append(tracker.track_cracks(registered, crack_map(index) if cracked else calm))
    return results


def test_a_steady_pan_is_registered_without_searching(counts: Counter[str]) -> None:
    """One frame in four is registered. Of it, half of the rows are read once, for its grey picture;
    the whole frame never, and the windows that sharpness is measured in now and then."""
    results = scan(counts, cracked=False)
    registered = counts["registered"]
    assert FRAMES // (DeadReckoningParameters().most_frames + 1) <= registered <= FRAMES // 4
    assert counts["half cvtColor"] == registered
    assert counts["whole cvtColor"] == counts["whole resize"] == 0
    assert counts["cvtColor"] == registered + counts["measure_detail"]
    assert counts["measure_detail"] <= 1 + registered // 8
    assert counts["phaseCorrelate"] == counts["goodFeaturesToTrack"] == 0
    assert counts["warpAffine"] <= 5 * registered + FRAMES
    assert not any(result.update.visible for result in results)


def test_a_crack_in_view_costs_no_search_either(counts: Counter[str]) -> None:
    results = scan(counts, cracked=True)
    assert results[-1].update.visible
    assert counts["phaseCorrelate"] == counts["goodFeaturesToTrack"] == 0
    assert counts["warpAffine"] <= 7 * counts["registered"] + FRAMES


def test_the_evidence_is_drawn_for_viewers(counts: Counter[str]) -> None:
    """Also later, when the scan has gone on: what was drawn then is the frame's own place."""
    results = scan(counts, cracked=True)
    for index in range(UNDER_WAY + FRAMES - 6, UNDER_WAY + FRAMES):
        drawn, expected = results[index].evidence_map(), crack_map(index)
        assert drawn.shape == expected.shape
        assert drawn[expected > 0.5].mean() > 0.5 > drawn[expected < 0.5].mean()
