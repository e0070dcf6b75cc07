"""Runs every stage of a scan on frame after frame, and times each."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from crackscan.core.picture_writing import encode_jpeg
from crackscan.core.pictures import decode_picture
from crackscan.edge.appliance.bench.wall import encoded_frames
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule, find_cracks
from crackscan.edge.device.health import resident_mb, temperature_c
from crackscan.edge.inference.model import Model
from crackscan.edge.positioning.clock import ClockSource, Instant
from crackscan.edge.reporting.overlay import annotate_frame
from crackscan.edge.survey import Survey, SurveyInfo
from crackscan.edge.survey.values import Sighting, sighting_of
from crackscan.edge.tracking.wall_tracker import WallTracker
from crackscan.edge.web.live.frame_encoding import encode_frame
from crackscan.edge.web.live.values import LiveFrame

PATCH_PX, PATCH_STEP_PX = 128, 64
"""Patches by which other scanners count: 128 px, half overlapping."""
IN_LINE = ("motion, sharpness", "model", "tracking")
BACKGROUND = ("decode", "findings", "overlay", "encode", "record")
"""Stages that a live frame does not wait for. The source's thread decodes the pictures of a camera
or stream (those of a video file are decoded in line), findings of a single map are those of
photographs, overlays belong to annotated pictures, which a live scan makes on demand only. The
live view's pictures are encoded, and a finding with its picture is recorded and synced to the disk,
in threads of their own."""
_WARM_UP, _LEAST_FRAMES = 3, 5
_BACKGROUND_EVERY = 10
"""Every Nth frame goes through the other stages, and one of its findings is recorded: those stages
run elsewhere in a scan, so their memory must not displace what the next frame needs from the
processor's caches; and syncing wears out cards."""

Taken = ParamSpec("Taken")
Given = TypeVar("Given")


@dataclass(frozen=True)
class StageTime:
    """How long a stage takes, ms."""

    name: str
    p50_ms: float
    p99_ms: float
    mean_ms: float
    """For a stage that does more on some frames than on others, more meaningful than p50."""
    count: int


@dataclass(frozen=True)
class BenchRun:
    """What was measured at one size of frame with one number of threads."""

    width: int
    height: int
    threads: int
    frames: int
    stages: tuple[StageTime, ...]
    frame_ms: float
    """Mean time of all stages in line, one after the other: frames are not alike, as not each is
    matched."""
    patches: int
    """Patches of 128 px with 50 % overlap in a frame; the model maps them all at once."""
    resident_mb: float | None
    """Memory of the whole process after the run."""
    temperature_c: float | None

    @property
    def frames_per_s(self) -> float:
        """Of all stages in line."""
        return 1000 / self.frame_ms

    @property
    def patches_per_s(self) -> float:
        return self.patches * self.frames_per_s

    @property
    def besides_model(self) -> float:
        """Share of the time in line, of all frames, that is not the model's."""
        return self._share_besides(*IN_LINE)

    @property
    def besides_model_decoding(self) -> float:
        """The same with decoding in line, as it is with a video file or on a single core."""
        return self._share_besides("decode", *IN_LINE)

    def _share_besides(self, *names: str) -> float:
        means_ms = {one.name: one.mean_ms for one in self.stages}
        return 1 - means_ms["model"] / sum(means_ms[name] for name in names)

    def to_dict(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "height": self.height,
            "threads": self.threads,
            "frames": self.frames,
            "stages_ms": {
                one.name: {
                    "p50": _round(one.p50_ms),
                    "p99": _round(one.p99_ms),
                    "mean": _round(one.mean_ms),
                    "count": one.count,
                }
                for one in self.stages
            },
            "frame_ms": _round(self.frame_ms),
            "frames_per_s": _round(self.frames_per_s),
            "patches": self.patches,
            "patches_per_s": _round(self.patches_per_s),
            "share_besides_model": round(self.besides_model, 4),
            "share_besides_model_with_decoding": round(self.besides_model_decoding, 4),
            "resident_mb": None if self.resident_mb is None else round(self.resident_mb, 1),
            "temperature_c": self.temperature_c,
        }


def patches_in(width: int, height: int) -> int:
    """How many patches of 128 px, half overlapping, cover a frame: 63 in 640x480."""
    across, down = (-(-max(side - PATCH_PX, 0) // PATCH_STEP_PX) + 1 for side in (width, height))
    return across * down


def measure_stages(
    model: Model,
    width: int,
    height: int,
    seconds: float,
    folder: Path,
    watch: Callable[[float], None] = lambda _: None,
) -> BenchRun:
    """Scan a moving wall for some seconds.

    Args:
        width: of a frame, px; height likewise.
        folder: on the disk that surveys are recorded on; a temporary one is made in it.
        watch: called after each frame with the share of the time that has passed.
    """
    times: dict[str, list[float]] = {name: [] for name in IN_LINE + BACKGROUND}

    def timed(
        name: str, stage: Callable[Taken, Given], *args: Taken.args, **named: Taken.kwargs
    ) -> Given:
        began_s = time.perf_counter()
        result = stage(*args, **named)
        times[name].append((time.perf_counter() - began_s) * 1000)
        return result

    rule = Rule.of(model.card)
    tracker = WallTracker(rule)
    pictures = cycle(encoded_frames(width, height))
    whole: list[float] = []
    until_s = began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".crackscan-bench-", dir=folder) as scratch:
        info = SurveyInfo("bench", model=model.card.name)
        with Survey.create(Path(scratch) / "survey", info, {}, model.card.to_json()) as survey:
            for number in count():
                if number == _WARM_UP:
                    for one in (*times.values(), whole):
                        one.clear()
                    began_s = time.monotonic()
                    until_s = began_s + seconds
                now_s = time.monotonic()
                if number >= _WARM_UP + _LEAST_FRAMES and now_s >= until_s:
                    break
                jpeg = next(pictures)
                rgb = timed("decode", decode_picture, jpeg, Path("frame.jpg"))
                frame = Frame(rgb, number, f"bench#{number}", "bench", now_s, time.time())
                registered = timed("motion, sharpness", tracker.register_frame, frame)
                cells = timed("model", model.crack_map, rgb)
                tracked = timed("tracking", tracker.track_cracks, registered, cells)
                whole.append(sum(times[name][-1] for name in IN_LINE))
                watch(min((time.monotonic() - began_s) / seconds, 1.0))
                if (number - _WARM_UP) % _BACKGROUND_EVERY:
                    continue
                found = timed("findings", find_cracks, cells, frame, rule)
                timed("overlay", annotate_frame, rgb, cells, found, rule.cell, rule.cell_px)
                live = LiveFrame(frame, tracked.evidence_map, rule.cell, rule.cell_px)
                timed("encode", encode_frame, number, live)
                if found:
                    at = Instant(now_s, frame.wall_s, ClockSource.UNKNOWN)
                    sighting = sighting_of(found[0], frame.name, frame.index, (width, height), at)
                    timed("record", _record, survey, sighting, frame)
    stages = tuple(_stage(name, values) for name, values in times.items() if values)
    return BenchRun(
        width,
        height,
        model.threads,
        len(whole),
        stages,
        float(np.mean(whole)),
        patches_in(width, height),
        resident_mb(),
        temperature_c(),
    )


def _record(survey: Survey, sighting: Sighting, frame: Frame) -> None:
    finding = survey.add_finding(sighting)
    survey.add_picture(encode_jpeg(frame.rgb), frame.name, sighting.last, finding)


def _stage(name: str, values: list[float]) -> StageTime:
    middle, late = np.percentile(values, (50, 99))
    return StageTime(name, float(middle), float(late), float(np.mean(values)), len(values))


def _round(value: float) -> float:
    return float(f"{value:.4g}")
