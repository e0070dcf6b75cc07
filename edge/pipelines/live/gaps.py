"""What could not be judged, noted in the record with its reason: stretches, and frames counted."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.positioning.clock import Clock, Instant
from crackscan.edge.survey import Note, NoteKind

LEAST_S = 1.0
"""A shorter gap is none: at a walk the next frames show the same wall."""
LONGEST_S = 60.0
"""A longer one is noted in parts, so that a power cut loses little of it."""


COUNTED_S = 5.0
"""How often the counts are noted: a power cut loses no more of them."""
FROZEN_S = 1.0
"""A video that shows the same picture for longer has stopped; a sensor's noise never does."""


class Counts:
    """Counts the frames that were judged, under "", and those that were not, by reason."""

    def __init__(self, note: Callable[[Mapping[str, int]], None], began_s: float) -> None:
        self._note = note
        self._noted_s = began_s
        self._frames: Counter[str] = Counter()

    def frame(self, why: str, now_s: float) -> None:
        """A frame came, and could be judged, or not: `why`. `now_s` is monotonic."""
        self._frames[why] += 1
        if now_s - self._noted_s >= COUNTED_S:
            self._noted_s = now_s
            self.end()

    def end(self) -> None:
        """Note what was counted."""
        if self._frames:
            self._note(self._frames)


class Still:
    """Tells where a video stands still."""

    def __init__(self) -> None:
        self._before: Frame | None = None
        self._differed_s = 0.0

    def is_frozen(self, frame: Frame) -> bool:
        """Whether the picture has been the same for FROZEN_S, bit by bit."""
        before, self._before = self._before, frame
        if before is None or not _same(before, frame):
            self._differed_s = frame.captured_s
        return frame.captured_s - self._differed_s > FROZEN_S


def _same(one: Frame, other: Frame) -> bool:
    """Some rows tell almost always."""
    return np.array_equal(one.rgb[::16], other.rgb[::16]) and np.array_equal(one.rgb, other.rgb)


class Gaps:
    """Turns what each frame says into notes: one for each gap that has ended."""

    def __init__(self, note: Callable[[Note], None], began_s: float = -math.inf) -> None:
        """`began_s` is when the record began, monotonic: what was before is no part of it."""
        self._note = note
        self._began: Instant | None = None
        self._began_s = self._last_s = 0.0
        self._why: Counter[str] = Counter()
        self._place = ""
        self._of_source = 0
        self._noted_until_s = began_s

    def frame(self, why: str, at: Instant, captured_s: float, clip_s: float | None = None) -> None:
        """A frame came, and could be judged, or not: `why`.

        Args:
            captured_s: when it was taken, as `Frame.captured_s`.
            clip_s: its time in the video, where it comes from one.
        """
        if not why:
            self.end(captured_s)
            return
        if self._began is not None and captured_s - self._began_s >= LONGEST_S:
            self.end(captured_s)
        if self._began is None:
            self._began, self._began_s = at, captured_s
            self._place = "" if clip_s is None else f", from {_in_video(clip_s)} in the video"
        self._last_s = captured_s
        self._why[why] += 1

    def end(self, captured_s: float | None = None) -> None:
        """What comes now can be judged, or nothing comes any more."""
        began, self._began = self._began, None
        if began is None:
            return
        seconds = (self._last_s if captured_s is None else captured_s) - self._began_s
        [(why, _)] = self._why.most_common(1)
        self._why.clear()
        if seconds >= LEAST_S:
            self._note(Note(began, NoteKind.GAP, why + self._place, seconds))

    def of_source(self, source: Source, clock: Clock, ended: bool = False) -> None:
        """Note the gaps of a live source that have ended since the last call, and what lasts
        already for LONGEST_S, or for LEAST_S where the scan has ended."""
        now = clock.now()
        for gap in source.gaps[self._of_source :]:
            self._of_source += 1
            self._of(gap.began_s, gap.began_s + gap.seconds, gap.why, now)
        condition = source.condition
        if condition.good or not source.live:
            return
        lasts_s = now.monotonic_s - max(condition.since_s, self._noted_until_s)
        if lasts_s >= (LEAST_S if ended else LONGEST_S):
            why = condition.text.partition("; ")[0] or condition.state.value
            self._of(condition.since_s, now.monotonic_s, why, now)

    def _of(self, began_s: float, ended_s: float, why: str, now: Instant) -> None:
        """Note what is not noted yet of a gap of the source."""
        began_s = max(began_s, self._noted_until_s)
        if ended_s - began_s <= 0:
            return
        self._noted_until_s = ended_s
        at = Instant(began_s, now.wall_s - (now.monotonic_s - began_s), now.wall_from)
        self._note(Note(at, NoteKind.GAP, why, ended_s - began_s))


def _in_video(clip_s: float) -> str:
    """`2:07.5`."""
    minutes, seconds = divmod(round(clip_s, 1), 60)
    return f"{minutes:.0f}:{seconds:04.1f}"
