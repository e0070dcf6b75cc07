"""Counts what a scan has done so far, for the screen and the summary."""

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding

log = logging.getLogger(__name__)

MOST_CRACKED_FRAMES = 10_000
"""Frames with findings that are named; a source may have no end."""
MOST_SUREST = 20


@dataclass(frozen=True, slots=True)
class CrackedFrame:
    """A scanned frame that shows cracks, as a row of the table."""

    name: str
    findings: int
    probability: float
    area_share: float
    """Share of the frame that the findings cover."""


@dataclass
class LiveTally:
    """What a scan has done so far; complete also if the scan fails."""

    frames: int = 0
    findings: int = 0
    """Cracks: in moving pictures each counts once, however many frames show it."""
    frames_with_findings: int = 0
    cracked_frames: deque[CrackedFrame] = field(
        default_factory=lambda: deque(maxlen=MOST_CRACKED_FRAMES)
    )
    known: int = 0
    """Pictures that an earlier session of the survey has scanned."""
    unclear: int = 0
    """Frames that were not judged: blurred, dark, covered."""
    message: str = ""
    """The message about the present frame: `too fast`, `out of focus`, `paused`."""
    warnings: list[str] = field(default_factory=list)
    """What went wrong during the scan, each once: pictures are no longer saved, too hot."""
    surest: list[dict[str, Any]] = field(default_factory=list)
    """Complete findings of a moving source, the surest MOST_SUREST, as in `findings.jsonl`."""
    survey: dict[str, Any] = field(default_factory=dict)
    """The survey's folder, and how much it holds once it is closed."""
    error: str = ""
    """What made the scan fail; empty if nothing did."""
    model_s: float = 0.0
    """Time in the model, all frames, seconds."""
    other_s: float = 0.0
    """Time in all stages but the source, the model and the viewers, seconds."""
    started_s: float | None = None
    ended_s: float = 0.0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=20))

    @property
    def seconds(self) -> float:
        return self.ended_s - self.started_s if self.started_s is not None else 0.0

    @property
    def rate_fps(self) -> float | None:
        """Frames per second over the whole scan."""
        return self.frames / self.seconds if self.frames and self.seconds > 0 else None

    @property
    def recent_fps(self) -> float | None:
        """Frames per second over the last frames."""
        recent = list(self._recent)
        span_s = recent[-1] - recent[0] if recent else 0.0
        return (len(recent) - 1) / span_s if span_s > 0 else None

    def note_start(self) -> None:
        """Take note of the first frame; does nothing later."""
        if self.started_s is None:
            self.started_s = time.monotonic()

    def add_frame(self, frame: Frame, findings: list[Finding]) -> None:
        """Count a frame and the findings that it shows."""
        self.frames += 1
        self.ended_s = time.monotonic()
        self._recent.append(self.ended_s)
        if findings:
            self.frames_with_findings += 1
            area = sum(finding.area_px for finding in findings) / (frame.height * frame.width)
            surest = max(finding.probability for finding in findings)
            self.cracked_frames.append(CrackedFrame(frame.name, len(findings), surest, area))

    def add_completed(self, line: dict[str, Any]) -> None:
        """Add the line of a finding that will not change any more."""
        self.surest.append(line)
        self.surest.sort(key=lambda one: -float(one["probability"]))
        del self.surest[MOST_SUREST:]

    def add_warning(self, text: str) -> None:
        """Add a warning, if it is new."""
        if text not in self.warnings:
            self.warnings.append(text)
            log.warning("%s", text)

    def summarize_scan(self, source: Source) -> dict[str, Any]:
        """The summary for JSON, with the frames that show findings in the order of the source."""
        frames = max(self.frames, 1)
        return {
            "frames": self.frames,
            "frames_with_findings": self.frames_with_findings,
            "findings": self.findings,
            "seconds": round(self.seconds, 3),
            "frames_per_s": None if self.rate_fps is None else round(self.rate_fps, 2),
            "model_ms": round(self.model_s / frames * 1000, 2) if self.frames else None,
            "other_ms": round(self.other_s / frames * 1000, 2) if self.frames else None,
            "unclear": self.unclear,
            "known": self.known,
            "dropped": source.dropped,
            "skipped": [{"name": one.name, "reason": one.reason} for one in source.skipped],
            "warnings": list(self.warnings),
            "cracked": [
                {
                    "frame": one.name,
                    "findings": one.findings,
                    "probability": round(one.probability, 4),
                }
                for one in self.cracked_frames
            ],
            "survey": dict(self.survey),
            **({"error": self.error} if self.error else {}),
        }
