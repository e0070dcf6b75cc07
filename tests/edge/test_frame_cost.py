"""What following costs a frame, counted in steps: a clock would tell of the machine."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from crackscan.edge import follow
from crackscan.edge.bench.wall import encoded_frames
from crackscan.edge.finding import Rule
from crackscan.edge.follow import MEASURED_EVERY, Follower
from crackscan.edge.frame import Frame

WIDTH, HEIGHT, CELL_PX = 640, 480, 16
UNDER_WAY, FRAMES = 8, 32
"""Frames of a steady pan that are not counted, and that are."""


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a step was taken since the test cleared it."""
    found: Counter[str] = Counter()

    def count(room: object, name: str) -> None:
        real: Callable[..., Any] = getattr(room, name)

        def counted(*given: Any, **named: Any) -> Any:
            found[name] += 1
            if getattr(given[0], "shape", ())[:2] == (HEIGHT, WIDTH):
                found[f"whole {name}"] += 1
            if getattr(given[0], "shape", ())[:2] == (HEIGHT // 2, WIDTH):
                found[f"half {name}"] += 1
            return real(*given, **named)

        monkeypatch.setattr(room, name, counted)

    for name in ("cvtColor", "resize", "phaseCorrelate", "goodFeaturesToTrack", "warpAffine"):
        count(cv2, name)
    count(follow, "measure")
    return found


def scan(counts: Counter[str], cells: np.ndarray) -> list[follow.Result]:
    """Follow a pan; each frame shows the same map."""
    follower = Follower(Rule(0.5, 0.7, 4, CELL_PX))
    pictures = encoded_frames(WIDTH, HEIGHT)
    results = []
    for index in range(UNDER_WAY + FRAMES):
        bgr = cv2.imdecode(np.frombuffer(pictures[index], np.uint8), cv2.IMREAD_COLOR)
        frame = Frame(np.asarray(bgr, np.uint8), index, str(index), "wall", index / 15, 0.0)
        if index == UNDER_WAY:
            counts.clear()
        look = follower.look(frame)
        assert look.place is not None and look.place.piece == 0
        results.append(follower.add(frame, look, cells))
    return results


def test_a_steady_pan_is_followed_without_searching(counts: Counter[str]) -> None:
    """Half of the frame's rows are read once, for its grey picture; the whole frame never, and the
    windows that sharpness is measured in now and then."""
    calm = np.full((HEIGHT // CELL_PX, WIDTH // CELL_PX), 0.02, np.float32)
    results = scan(counts, calm)
    assert counts["half cvtColor"] == FRAMES
    assert counts["whole cvtColor"] == counts["whole resize"] == 0
    assert counts["cvtColor"] == FRAMES + counts["measure"]
    assert FRAMES // MEASURED_EVERY <= counts["measure"] <= FRAMES // 8
    assert counts["phaseCorrelate"] == counts["goodFeaturesToTrack"] == 0
    assert counts["warpAffine"] <= 6 * FRAMES
    assert not any(result.followed.here for result in results)


def test_a_crack_in_view_costs_no_search_either(counts: Counter[str]) -> None:
    cracked = np.full((HEIGHT // CELL_PX, WIDTH // CELL_PX), 0.02, np.float32)
    cracked[5:25, 18:20] = 0.97
    results = scan(counts, cracked)
    assert results[-1].followed.here
    assert counts["phaseCorrelate"] == counts["goodFeaturesToTrack"] == 0
    assert counts["warpAffine"] <= 7 * FRAMES


def test_the_evidence_is_drawn_for_those_who_look() -> None:
    counted: Counter[str] = Counter()
    calm = np.full((HEIGHT // CELL_PX, WIDTH // CELL_PX), 0.02, np.float32)
    for result in scan(counted, calm):
        evidence = result.shown()
        assert evidence.shape == calm.shape and evidence.max() < 0.5
