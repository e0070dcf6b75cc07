"""What every contender is, and how it speaks: a line of JSON in, a line of JSON out.

It runs in an environment of its own, with the numpy of that environment and no other package.
"""

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]

PATCH_PX, STEP_PX = 128, 64
"""Patches that cover a picture: half overlapping, the last ones moved back to fit."""
MOST_PATCHES, MOST_S = 210, 1.5
"""Of a picture with more patches this many are scored, or what takes this long, evenly spread, and
the time is scaled."""


@dataclass(frozen=True)
class Contender:
    """What a contender is called and what it needs."""

    label: str
    covers: str
    """How it covers a picture: `patches`, `whole`, or as its program does."""
    files: tuple[str, ...] = ()
    """Model files that it opens; it was trained if the first one was."""
    installs: tuple[tuple[str, ...], ...] = ()
    """Calls of `pip install` that make its environment; none: it runs in the harness's own."""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory, and as a PNG for programs that read files only."""

    rgb: RGB
    file: Path


class Engine(Protocol):
    """A loaded contender."""

    runs_on: str
    """The library, with its version."""

    def scan(self, picture: Picture) -> float:
        """Scan a picture; gives the share of it that was scanned."""

    def score(self, patch: RGB) -> float:
        """A figure for a patch (128, 128, 3) that grows with the likelihood of a crack."""


class WholeFrames(ABC):
    """An engine that maps a whole picture at once, and pools the map of a patch."""

    def __init__(self, pooled_cells: int) -> None:
        self._pooled_cells = pooled_cells

    def scan(self, picture: Picture) -> float:
        self.map_of(picture.rgb)
        return 1.0

    def score(self, patch: RGB) -> float:
        return pool_cells(self.map_of(patch), self._pooled_cells)

    @abstractmethod
    def map_of(self, rgb: RGB) -> Any:
        """Cell logits of a picture."""


def patch_corners(side: int) -> list[int]:
    """Where patches begin along a side of a picture, in px."""
    last = max(side - PATCH_PX, 0)
    return sorted({*range(0, last, STEP_PX), last})


class ByPatches:
    """Looks at a picture one patch after the other, as most published classifiers do."""

    def __init__(self, runs_on: str, score: Callable[[RGB], float], most_s: float = MOST_S) -> None:
        self.runs_on, self.score, self._most_s = runs_on, score, most_s

    def scan(self, picture: Picture) -> float:
        """Score every patch; in a picture with very many, or slowly, an even choice of them."""
        rows, columns = (patch_corners(side) for side in picture.rgb.shape[:2])
        places = [(top, left) for top in rows for left in columns]
        at = np.linspace(0, len(places) - 1, min(len(places), MOST_PATCHES)).round().astype(int)
        until_s, scored = time.perf_counter() + self._most_s, 0
        for top, left in (places[i] for i in np.random.default_rng(0).permutation(at)):
            self.score(picture.rgb[top : top + PATCH_PX, left : left + PATCH_PX])
            scored += 1
            if time.perf_counter() > until_s:
                break
        return scored / len(places)


def serve_requests(opened: Callable[[Path, int], Engine]) -> None:
    """Open a contender and answer until the input ends.

    The program is started with the folder of the model files and the number of threads; it keeps
    to as many cores. `{"scan": FILE, "for_s": S}` scans a picture (.npy, with a .png beside it)
    at least once and for about so long; `{"score": FILE}` scores patches (n, 128, 128, 3).
    """
    files, threads = Path(sys.argv[1]), int(sys.argv[2])
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    began_s = time.perf_counter()
    engine = opened(files, threads)
    _send_answer(answers, ready_s=time.perf_counter() - began_s, runs_on=engine.runs_on)
    for line in sys.stdin:
        order = json.loads(line)
        if "scan" in order:
            _send_answer(answers, **_time_engine(engine, Path(order["scan"]), order["for_s"]))
        else:
            patches = np.load(order["score"], mmap_mode="r")
            _send_answer(
                answers, scores=[float(engine.score(np.array(patch))) for patch in patches]
            )


def _time_engine(engine: Engine, file: Path, for_s: float) -> dict[str, Any]:
    picture = Picture(np.load(file), file.with_suffix(".png"))
    wall_ms: list[float] = []
    cpu_ms: list[float] = []
    until_s = time.perf_counter() + for_s
    while not wall_ms or time.perf_counter() < until_s:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        share = engine.scan(picture)
        cpu_ms.append((time.process_time() - began_cpu_s) * 1000 / share)
        wall_ms.append((time.perf_counter() - began_s) * 1000 / share)
    return {"wall_ms": wall_ms, "cpu_ms": cpu_ms, "share": share}


def _send_answer(answers: Any, **values: object) -> None:
    answers.write(json.dumps({**values, "peak_mb": _peak_mb()}) + "\n")
    answers.flush()


def _peak_mb() -> float:
    """Resident memory of this program at its most; getrusage also counts who started it."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


def pool_cells(logits: Sequence[Any] | npt.NDArray[Any], k: int) -> float:
    """Mean of the `k` largest cells, as our patches are judged."""
    flat = np.asarray(logits, np.float32).ravel()
    return float(np.sort(flat)[-k:].mean())
