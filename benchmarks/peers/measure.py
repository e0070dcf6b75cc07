"""Contenders in alternation on one picture: round by round, each once a round."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.benchmarks.contenders import OURS
from crackscan.benchmarks.peers.child import Child, GoneError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import decode_picture
from crackscan.edge.appliance.bench import patches_in
from crackscan.edge.appliance.bench.wall import encoded_frames

FOR_S = 0.2
"""A fast contender scans for so long each round, a slow one once."""
PAUSE_S = 0.05
"""Between turns: threads that spin while they wait for work must not disturb the next."""
WARM_UP = 2


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(*(float(one) for one in np.percentile(values, (25, 50, 75))))


@dataclass(frozen=True)
class Times:
    """One contender on one size of picture with one number of threads."""

    contender: str
    runs_on: str
    width: int
    height: int
    threads: int
    rounds: int
    frame_ms: Spread
    cpu_ms: Spread
    """Processor time of all its threads, which a busy machine lengthens less."""
    times_ours: Spread | None
    """Its frame's time by ours in the same round; None where ours did not run."""
    share: float
    """Of the picture that was scanned; its times are scaled to the whole."""
    peak_mb: float
    """Resident memory of the whole process, at its most."""
    ready_s: float

    @property
    def frames_per_s(self) -> float:
        return 1000 / self.frame_ms.median

    @property
    def patches_per_s(self) -> float:
        """Patches of 128 px, half overlapping, whether it looks patch by patch or not."""
        return patches_in(self.width, self.height) * self.frames_per_s


def picture_file(folder: Path, width: int, height: int) -> Path:
    """A picture of the sample wall: .npy, with a .png beside it."""
    file = folder / f"{width}x{height}.npy"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        rgb = decode_picture(encoded_frames(width, height)[0], file)
        write_picture(file.with_suffix(".png"), rgb)
        np.save(file, rgb)
    return file


def measure_contenders(
    children: Sequence[Child],
    size: tuple[int, int],
    threads: int,
    picture: Path,
    rounds: int,
    lost: Callable[[str, str], None],
    for_s: float = FOR_S,
) -> list[Times]:
    """Time every child on a picture.

    Args:
        size: width and height of the picture.
        lost: gets the name of a contender that ended on the way, and why.
    """
    taken: dict[str, list[dict[str, Any]]] = {child.name: [] for child in children}
    running = list(children)
    for number in range(WARM_UP + rounds):
        for child in list(running):
            try:
                answer = child.ask(scan=str(picture), for_s=for_s if number >= WARM_UP else 0)
            except GoneError as gone:
                running.remove(child)
                lost(child.name, str(gone))
                continue
            if number >= WARM_UP:
                taken[child.name].append(answer)
            time.sleep(PAUSE_S)
    ours = [float(np.median(one["wall_ms"])) for one in taken.get(OURS, [])]
    return [_collect_times(child, size, threads, taken[child.name], ours) for child in running]


def score_patches(child: Child, patches: Path) -> npt.NDArray[np.float64]:
    """Scores (n,) that a contender gives patches. Raises GoneError."""
    return np.array(child.ask(score=str(patches))["scores"], np.float64)


def _collect_times(
    child: Child,
    size: tuple[int, int],
    threads: int,
    answers: Sequence[dict[str, Any]],
    ours: Sequence[float],
) -> Times:
    wall = [float(np.median(one["wall_ms"])) for one in answers]
    cpu = [float(np.median(one["cpu_ms"])) for one in answers]
    ratios = [ms / our for ms, our in zip(wall, ours, strict=False)]
    return Times(
        contender=child.name,
        runs_on=child.runs_on,
        width=size[0],
        height=size[1],
        threads=threads,
        rounds=len(answers),
        frame_ms=Spread.of(wall),
        cpu_ms=Spread.of(cpu),
        times_ours=Spread.of(ratios) if ratios else None,
        share=answers[-1]["share"],
        peak_mb=answers[-1]["peak_mb"],
        ready_s=child.ready_s,
    )


def one_thread_of_opencv() -> None:
    """The harness itself must not compete with what it measures."""
    cv2.setNumThreads(1)
