"""The loop that joins source, model, findings and results."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from crackscan import __version__
from crackscan.edge.finding import Finding, Rule, find
from crackscan.edge.frame import Frame
from crackscan.edge.model import MIN_PX, Model
from crackscan.edge.overlay import draw
from crackscan.edge.results import Results
from crackscan.edge.source import Source
from crackscan.errors import CrackscanError, SourceError


@dataclass(frozen=True)
class Seen:
    """One scanned frame that shows cracks, as the table tells it."""

    name: str
    findings: int
    probability: float
    area_share: float
    """Share of the frame under findings."""


@dataclass
class Tally:
    """What a scan has seen so far; complete also when the scan fails half-way."""

    frames: int = 0
    findings: int = 0
    seen: list[Seen] = field(default_factory=list)
    model_s: float = 0.0
    """Time in the model, of all frames."""
    started_s: float | None = None
    ended_s: float = 0.0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=20))

    @property
    def seconds(self) -> float:
        return self.ended_s - self.started_s if self.started_s is not None else 0.0

    @property
    def rate_fps(self) -> float | None:
        """Frames a second over the whole scan."""
        return self.frames / self.seconds if self.frames and self.seconds > 0 else None

    @property
    def recent_fps(self) -> float | None:
        """Frames a second over the last frames."""
        span_s = self._recent[-1] - self._recent[0] if self._recent else 0.0
        return (len(self._recent) - 1) / span_s if span_s > 0 else None

    def add(self, frame: Frame, findings: list[Finding], model_s: float) -> None:
        """Count a frame."""
        self.frames += 1
        self.findings += len(findings)
        self.model_s += model_s
        self._recent.append(time.monotonic())
        if findings:
            area = sum(finding.area_px for finding in findings) / (frame.height * frame.width)
            self.seen.append(Seen(frame.name, len(findings), findings[0].probability, area))

    def summary(self, source: Source) -> dict[str, Any]:
        """For JSON; the frames with findings in order of the source."""
        return {
            "frames": self.frames,
            "frames_with_findings": len(self.seen),
            "findings": self.findings,
            "seconds": round(self.seconds, 3),
            "frames_per_s": None if self.rate_fps is None else round(self.rate_fps, 2),
            "model_ms": round(self.model_s / self.frames * 1000, 2) if self.frames else None,
            "dropped": source.dropped,
            "skipped": [{"name": one.name, "reason": one.reason} for one in source.skipped],
            "cracked": [
                {
                    "frame": one.name,
                    "findings": one.findings,
                    "probability": round(one.probability, 4),
                }
                for one in self.seen
            ],
        }


def settings_of(model: Model, source: Source, point: str) -> dict[str, Any]:
    """What must be known to repeat a scan, for `scan.json`."""
    return {
        "crackscan": __version__,
        "source": source.name,
        "model": model.card.name,
        "model_version": model.card.version,
        "operating_point": point,
        "patch_threshold": model.card.point(point).patch,
        "cell_threshold": model.card.point(point).cell,
        "cell_px": model.card.cell_px,
        "started_wall_s": round(time.time(), 3),
    }


def scan(
    source: Source,
    model: Model,
    results: Results,
    rule: Rule,
    tally: Tally,
    watch: Callable[[Tally], None] = lambda _: None,
) -> None:
    """Scan every frame of a source into results, until it ends or is stopped.

    Args:
        source: open; `source.stop()` ends the scan after the present frame.
        model: gives a crack map for each frame.
        results: gets each finding at once, and each annotated frame; closed here in any case.
        rule: from when on cells are a finding.
        tally: counts along, for the caller to read during and after the scan.
        watch: called after each frame.

    Raises:
        CrackscanError: the source broke, the disk is full, or no frame could be scanned. What
            was recorded before is in the results.
    """
    try:
        for frame in source:
            _scan_frame(frame, source, model, results, rule, tally)
            watch(tally)
        if not tally.frames and source.skipped and not source.stopped:
            first = source.skipped[0]
            raise SourceError(f"nothing could be scanned: {first.name} {first.reason}")
    except BaseException as error:
        failure = {"error": str(error) or type(error).__name__}
        _close_quietly(results, {**tally.summary(source), **failure})
        raise
    results.close("interrupted" if source.stopped else "done", tally.summary(source))


def _scan_frame(
    frame: Frame,
    source: Source,
    model: Model,
    results: Results,
    rule: Rule,
    tally: Tally,
) -> None:
    if min(frame.height, frame.width) < MIN_PX:
        source.skip(frame.name, f"is too small: {frame.width}x{frame.height} pixels")
        return
    began_s = time.monotonic()
    if tally.started_s is None:
        tally.started_s = began_s
    crack_map = model.crack_map(frame.rgb)
    model_s = time.monotonic() - began_s
    findings = find(crack_map, frame, rule)
    for finding in findings:
        results.add_finding(finding)
    if source.kind == "pictures":
        annotated = draw(frame.rgb, crack_map, findings, rule.cell, rule.cell_px)
        results.add_picture(frame, annotated)
    else:
        rate_fps = tally.recent_fps or 0.0
        annotated = draw(frame.rgb, crack_map, findings, rule.cell, rule.cell_px, rate_fps)
        results.add_video_frame(frame, annotated, source)
    tally.add(frame, findings, model_s)
    tally.ended_s = time.monotonic()


def _close_quietly(results: Results, summary: Mapping[str, Any]) -> None:
    """After a failure the first error counts, not what it brings with it."""
    with suppress(CrackscanError):
        results.close("failed", summary)
