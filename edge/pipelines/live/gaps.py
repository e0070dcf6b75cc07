"""Notes in the record, with the reason, when and how many frames could not be judged."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.positioning.clock import Clock, Instant
from crackscan.edge.survey import Note, NoteKind


@dataclass(frozen=True)
class GapParameters:
    """When gaps and counts are noted. The values are hand-tuned."""

    least_s: float = 1.0
    """A shorter gap is not noted, seconds: the next frames of a walk show the same wall."""
    longest_s: float = 60.0
    """A longer gap is noted in parts, seconds, so that a power cut loses little of it."""
    count_interval_s: float = 5.0
    """How often the counts are noted, seconds: a power cut loses no more of them."""
    frozen_s: float = 1.0
    """A video that shows the same picture for longer is frozen, seconds; the noise of a sensor
    always changes."""


DEFAULTS = GapParameters()


class FrameCounts:
    """Counts the frames that were judged, under "", and those that were not, by reason."""

    def __init__(
        self,
        note: Callable[[Mapping[str, int]], None],
        began_s: float,
        parameters: GapParameters = DEFAULTS,
    ) -> None:
        self._note = note
        self._parameters = parameters
        self._noted_s = began_s
        self._frames: Counter[str] = Counter()

    def count_frame(self, reason: str, now_s: float) -> None:
        """Count a frame; `reason` is empty if it was judged, `now_s` is monotonic."""
        self._frames[reason] += 1
        if now_s - self._noted_s >= self._parameters.count_interval_s:
            self._noted_s = now_s
            self.note_counts()

    def note_counts(self) -> None:
        """Note what was counted until now."""
        if self._frames:
            self._note(self._frames)


class FreezeDetector:
    """Recognises a video that shows the same picture again and again."""

    def __init__(self, parameters: GapParameters = DEFAULTS) -> None:
        self._parameters = parameters
        self._before: Frame | None = None
        self._differed_s = 0.0

    def is_frozen(self, frame: Frame) -> bool:
        """Whether the picture has been the same for `frozen_s`, bit by bit."""
        before, self._before = self._before, frame
        if before is None or not _show_same(before, frame):
            self._differed_s = frame.captured_s
        return frame.captured_s - self._differed_s > self._parameters.frozen_s


def _show_same(one: Frame, other: Frame) -> bool:
    """Whether two pictures are equal; some rows are compared first, because they often differ."""
    return np.array_equal(one.rgb[::16], other.rgb[::16]) and np.array_equal(one.rgb, other.rgb)


class GapNotes:
    """Notes each gap in what was judged, when it has ended."""

    def __init__(
        self,
        note: Callable[[Note], None],
        began_s: float = -math.inf,
        parameters: GapParameters = DEFAULTS,
    ) -> None:
        """`began_s` is when the record began, monotonic; gaps before it are not noted."""
        self._note = note
        self._parameters = parameters
        self._began: Instant | None = None
        self._began_s = self._last_s = 0.0
        self._reasons: Counter[str] = Counter()
        self._video_time = ""
        self._source_gaps = 0
        self._noted_until_s = began_s

    def note_frame(
        self, reason: str, at: Instant, captured_s: float, clip_s: float | None = None
    ) -> None:
        """Take note of a frame.

        Args:
            reason: why it was not judged; empty if it was.
            captured_s: when it was taken, as `Frame.captured_s`.
            clip_s: its time in the video, if it comes from one.
        """
        if not reason:
            self.end_gap(captured_s)
            return
        long = captured_s - self._began_s >= self._parameters.longest_s
        if self._began is not None and long:
            self.end_gap(captured_s)
        if self._began is None:
            self._began, self._began_s = at, captured_s
            self._video_time = ""
            if clip_s is not None:
                self._video_time = f", from {_format_video_time(clip_s)} in the video"
        self._last_s = captured_s
        self._reasons[reason] += 1

    def end_gap(self, captured_s: float | None = None) -> None:
        """End the gap that is open, if one is: a frame was judged, or no more frames come."""
        began, self._began = self._began, None
        if began is None:
            return
        seconds = (self._last_s if captured_s is None else captured_s) - self._began_s
        [(reason, _)] = self._reasons.most_common(1)
        self._reasons.clear()
        if seconds >= self._parameters.least_s:
            self._note(Note(began, NoteKind.GAP, reason + self._video_time, seconds))

    def note_source_gaps(self, source: Source, clock: Clock, ended: bool = False) -> None:
        """Note the gaps of a live source that have ended since the last call.

        A gap that lasts is noted after `longest_s`, or after `least_s` if the scan has ended.
        """
        now = clock.now()
        for gap in source.gaps[self._source_gaps :]:
            self._source_gaps += 1
            self._note_source_gap(gap.began_s, gap.began_s + gap.seconds, gap.why, now)
        condition, p = source.condition, self._parameters
        if condition.good or not source.live:
            return
        lasts_s = now.monotonic_s - max(condition.since_s, self._noted_until_s)
        if lasts_s >= (p.least_s if ended else p.longest_s):
            reason = condition.text.partition("; ")[0] or condition.state.value
            self._note_source_gap(condition.since_s, now.monotonic_s, reason, now)

    def _note_source_gap(self, began_s: float, ended_s: float, reason: str, now: Instant) -> None:
        """Note the part of a gap of the source that is not noted yet."""
        began_s = max(began_s, self._noted_until_s)
        if ended_s - began_s <= 0:
            return
        self._noted_until_s = ended_s
        at = Instant(began_s, now.wall_s - (now.monotonic_s - began_s), now.wall_from)
        self._note(Note(at, NoteKind.GAP, reason, ended_s - began_s))


def _format_video_time(clip_s: float) -> str:
    """A time in a video, `2:07.5`."""
    minutes, seconds = divmod(round(clip_s, 1), 60)
    return f"{minutes:.0f}:{seconds:04.1f}"
