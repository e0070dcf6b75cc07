"""Stretches in which nothing could be judged, noted in the record with their reason."""

from collections import Counter
from collections.abc import Callable

from crackscan.edge.clock import Clock, Instant
from crackscan.edge.source import Source
from crackscan.edge.survey import Note, NoteKind

LEAST_S = 1.0
"""A shorter gap is none: at a walk the next frames show the same wall."""
LONGEST_S = 60.0
"""A longer one is noted in parts, so that a power cut loses little of it."""


class Gaps:
    """Turns what each frame says into notes: one for each gap that has ended."""

    def __init__(self, note: Callable[[Note], None]) -> None:
        self._note = note
        self._began: Instant | None = None
        self._began_s = self._last_s = 0.0
        self._why: Counter[str] = Counter()
        self._of_source = 0

    def frame(self, why: str, at: Instant, seen_s: float) -> None:
        """A frame came, and could be judged, or not: `why`.

        Args:
            seen_s: when it was taken, as `Frame.seen_s`.
        """
        if not why:
            self.end(seen_s)
            return
        if self._began is not None and seen_s - self._began_s >= LONGEST_S:
            self.end(seen_s)
        if self._began is None:
            self._began, self._began_s = at, seen_s
        self._last_s = seen_s
        self._why[why] += 1

    def end(self, seen_s: float | None = None) -> None:
        """What comes now can be judged, or nothing comes any more."""
        began, self._began = self._began, None
        if began is None:
            return
        seconds = (self._last_s if seen_s is None else seen_s) - self._began_s
        [(why, _)] = self._why.most_common(1)
        self._why.clear()
        if seconds >= LEAST_S:
            self._note(Note(began, NoteKind.GAP, why, seconds))

    def of_source(self, source: Source, clock: Clock) -> None:
        """Note the gaps of a live source that have ended since the last call."""
        now = clock.now()
        for gap in source.gaps[self._of_source :]:
            self._of_source += 1
            wall_s = now.wall_s - (now.monotonic_s - gap.began_s)
            at = Instant(gap.began_s, wall_s, now.wall_from)
            self._note(Note(at, NoteKind.GAP, gap.why, gap.seconds))
