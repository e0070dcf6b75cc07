"""What a scan of photographs has done so far, for the screen and the summary."""

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from crackscan.edge.pipelines.photos.values import PhotoResult

log = logging.getLogger(__name__)

MOST_NAMED = 10_000
"""Photographs with findings that the summary names; bounds the memory."""


@dataclass(frozen=True, slots=True)
class CrackedPhoto:
    """A photograph with findings, as the table shows it."""

    name: str
    findings: int
    probability: float
    """Of the surest finding."""
    area_share: float
    """Share of the photograph under findings."""


@dataclass
class PhotoTally:
    """Counts of a run; complete also if it fails half-way."""

    total: int = 0
    """Photographs in the folder."""
    before: int = 0
    """Of those, in the record from earlier runs."""
    done: int = 0
    """Processed in this run, or skipped."""
    replaced: int = 0
    """In the record under another content before."""
    missing: int = 0
    """In the record, but no longer in the folder."""
    cracked: int = 0
    findings: int = 0
    with_position: int = 0
    with_scale: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """(name, reason)."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """(name, note) on what was dropped or is doubtful of a photograph's metadata."""
    named: deque[CrackedPhoto] = field(default_factory=lambda: deque(maxlen=MOST_NAMED))
    warnings: list[str] = field(default_factory=list)
    survey: dict[str, Any] = field(default_factory=dict)
    """The survey's folder, and how much it holds once it is closed."""
    error: str = ""
    """What ended the run; empty: nothing did."""
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float = field(default_factory=time.monotonic)

    @property
    def judged(self) -> int:
        """Photographs that were processed in this run and not skipped."""
        return self.done - len(self.skipped)

    @property
    def complete(self) -> bool:
        """Whether every photograph of the folder is in the record."""
        return self.before + self.done >= self.total

    @property
    def seconds(self) -> float:
        return self.ended_s - self.began_s

    @property
    def rate_per_s(self) -> float | None:
        """Photographs per second over the whole run."""
        return self.judged / self.seconds if self.judged and self.seconds > 0 else None

    def begin_run(self) -> None:
        """Start the clock."""
        self.began_s = self.ended_s = time.monotonic()

    def add_result(self, result: PhotoResult) -> None:
        """Count a photograph."""
        self.done += 1
        self.ended_s = time.monotonic()
        for note in result.notes:
            self.notes.append((result.name, note))
            log.warning("%s: %s", result.name, note)
        if result.skipped:
            self.skipped.append((result.name, result.skipped))
            log.warning("skipped: %s %s", result.name, result.skipped)
            return
        found = result.findings
        self.cracked += bool(found)
        self.findings += len(found)
        self.with_position += result.geotag.position is not None
        self.with_scale += result.scale is not None
        if found:
            area = sum(one.area_px for one in found) / (result.width * result.height)
            self.named.append(CrackedPhoto(result.name, len(found), result.probability, area))

    def add_warning(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)
            log.warning("%s", text)

    def summary(self) -> dict[str, Any]:
        """For JSON; photographs with findings and skipped ones sorted by name."""
        return {
            "photographs": self.total,
            "complete": self.complete,
            "frames": self.judged,
            "frames_with_findings": self.cracked,
            "findings": self.findings,
            "seconds": round(self.seconds, 3),
            "frames_per_s": None if self.rate_per_s is None else round(self.rate_per_s, 2),
            "known": self.before,
            "replaced": self.replaced,
            "no_longer_there": self.missing,
            "with_position": self.with_position,
            "with_scale": self.with_scale,
            "skipped": [{"name": name, "reason": why} for name, why in sorted(self.skipped)],
            "notes": [{"name": name, "note": note} for name, note in sorted(self.notes)],
            "warnings": list(self.warnings),
            "cracked": [
                {
                    "frame": one.name,
                    "findings": one.findings,
                    "probability": round(one.probability, 4),
                }
                for one in sorted(self.named, key=lambda one: one.name)
            ],
            "survey": dict(self.survey),
            **({"error": self.error} if self.error else {}),
        }
