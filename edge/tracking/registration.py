"""Where on the wall each frame looks: motion chained through key frames, and found again."""

import math
from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property

from crackscan.edge.tracking.motion import BEYOND_DOUBT, Lost, Matrix, Motion, Small, estimate

BACK_S = 6.0
"""A wall that was lost is looked for during this time."""
_REMEMBERED = 2
_SURELY_BACK = 0.5
"""Correlation from which on a wall is the one that was left."""
_KEY_OVERLAP, _LAST_OVERLAP = 0.7, 0.4
"""A frame that shows less of the last key frame becomes the next one: if it is a clear match; and
in any case."""
_CLEAR_MATCH, _CLEARER = 0.75, 0.1
"""A match with the key frame that suffices; another is preferred if it is clearer by so much."""
_AS_BEFORE, _AT_LEAST, _CHECKED = 0.08, 0.6, 15
"""A match where the wall was expected, about as good as the last one and at least so good, is
taken; among so many frames one is matched from all sides nevertheless."""
_KEY_TURN, _KEY_ZOOM = 0.06, 0.06
_FAR_AHEAD = 8.0
"""So many times the way between the last two frames: further, its pace tells nothing."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where on the wall a frame looks."""

    piece: int
    """Number of the piece of wall; frames of two pieces cannot be compared."""
    at: Motion
    """From the frame to the piece's first one."""
    size: tuple[int, int]
    """Width and height of the frames, px."""

    @cached_property
    def pose(self) -> Matrix:
        """The same as (3, 3): takes a place in the frame to the wall, in px of the first frame."""
        return self.at.matrix(*self.size)

    def moved(self, motion: Motion) -> "Place":
        """A place on the same piece, further by a motion of the wall's picture."""
        return Place(self.piece, self.at.then(motion), self.size)


@dataclass(frozen=True, eq=False)
class Ahead:
    """Where a frame looks if the wall keeps its pace."""

    last: Place
    """Of the last frame that had a place,"""
    since: Motion
    """and the motion from there."""

    @cached_property
    def place(self) -> Place:
        return Place(self.last.piece, self.since.back().then(self.last.at), self.last.size)


@dataclass(frozen=True, eq=False)
class _View:
    small: Small
    place: Place
    captured_s: float
    index: int
    """Of the frame, dropped ones counted."""


class Wall:
    """Follows one camera over the wall."""

    def __init__(self) -> None:
        self.motion = Motion(lost=Lost.CUT)
        """From the last frame that had a place to the present one."""
        self.surprise_px = 0.0
        """How far off its pace the wall has gone there, in the middle of a side of the picture."""
        self._took = 1
        """Frames from the one to the other, dropped ones counted."""
        self._key: _View | None = None
        self._last: _View | None = None
        self._left: deque[_View] = deque(maxlen=_REMEMBERED)
        self._pieces = 0
        self._unchecked = 0

    @property
    def pieces(self) -> set[int]:
        """Pieces of wall to which a frame may still return."""
        views = [*self._left, *([self._last] if self._last else [])]
        return {view.place.piece for view in views}

    def locate(self, small: Small, index: int, now_s: float) -> Place | None:
        """The place of the next frame; None where it is too smeared or plain to be placed.

        Every frame is matched with the last key frame, not with the one before, so that errors add
        up slowly and one bad frame breaks nothing. A cut begins a new piece of wall; the old one
        is looked for during BACK_S, so that a hand before the lens does not make its cracks new.

        Args:
            index: place in the source, dropped frames counted.
            now_s: monotonic.
        """
        while self._left and now_s - self._left[0].captured_s > BACK_S:
            self._left.popleft()
        place = self._follow(small, index)
        if place is None:
            if self.motion.lost in (Lost.BLUR, Lost.NO_TEXTURE):
                return None
            if self._last is not None:
                self._left.append(self._last)
            self._key = self._last = None
        back = self._find_again(small, place)
        if back is not None:
            place, self._key = back, None
        elif place is None:
            place = _place(self._pieces, Motion(), small)
            self._pieces += 1
        self._last = _View(small, place, now_s, index)
        if self._key is None or self._is_due(self._key, self._last):
            self._key = self._last
        return place

    def pace(self, index: int) -> Motion:
        """How the wall will have gone since the last frame that had a place, if it keeps on."""
        if self.motion.lost or self._last is None:
            return Motion()
        share = (index - self._last.index) / self._took
        return self.motion if share == 1 else self.motion.part(min(max(share, 0.0), _FAR_AHEAD))

    def ahead(self, index: int, most_px: float = math.inf) -> Ahead | None:
        """What a frame shows if the wall keeps its pace; None: it goes further than that."""
        pace = self.pace(index)
        if self._last is None or self.motion.lost or pace.length_px > most_px:
            return None
        return Ahead(self._last.place, pace)

    def _is_due(self, key: _View, view: _View) -> bool:
        """Whether a frame should be the next key frame: a clear match, while there is one."""
        small = view.small
        since = key.place.at.then(view.place.at.back())
        x, y = abs(since.dx) / small.width, abs(since.dy) / small.height
        overlap = max(1 - x, 0) * max(1 - y, 0)
        if overlap < _LAST_OVERLAP:
            return True
        turned = abs(since.turn_rad) > _KEY_TURN or abs(math.log(since.scale)) > _KEY_ZOOM
        return (turned or overlap < _KEY_OVERLAP) and self.motion.confidence >= _CLEAR_MATCH

    def _follow(self, small: Small, index: int) -> Place | None:
        """Match with the key frame, then with the last one; sets `motion` and what goes with it."""
        if self._key is None or self._last is None:
            self.motion = Motion(lost=Lost.CUT)
            return None
        pace = self.pace(index)
        enough = BEYOND_DOUBT
        self._unchecked = (self._unchecked + 1) % _CHECKED
        if self._unchecked and self.motion.lost is None:
            enough = min(max(self.motion.confidence - _AS_BEFORE, _AT_LEAST), BEYOND_DOUBT)
        matches: list[tuple[Motion, _View]] = []
        for view in (self._key,) if self._key is self._last else (self._key, self._last):
            until_last = view.place.at.then(self._last.place.at.back())
            found = estimate(view.small, small, until_last.then(pace), enough)
            if found.lost is None:
                matches.append((found, view))
            if found.lost is None and found.confidence >= _CLEAR_MATCH:
                break
        if not matches:
            self.motion = found
            return None
        found, view = matches[0]
        if matches[-1][0].confidence > found.confidence + _CLEARER:
            found, view = matches[-1]
        at = found.back().then(view.place.at)
        since = self._last.place.at.then(at.back())
        turned = abs(since.factor - pace.factor) * max(small.width, small.height) / 2
        self.surprise_px = abs(since.shift - pace.shift) + turned
        self.motion = replace(since, confidence=found.confidence)
        self._took = max(index - self._last.index, 1)
        if view is not self._key and found.confidence >= _CLEAR_MATCH:
            self._key = self._last  # the older key frame is not as clear as the wall is now
        return _place(view.place.piece, at, small)

    def _find_again(self, small: Small, place: Place | None) -> Place | None:
        """The place on a piece of wall that was left before the present one began."""
        for view in list(self._left):
            if place is not None and place.piece <= view.place.piece:
                continue
            found = estimate(view.small, small)
            if found.lost is None and found.confidence >= _SURELY_BACK:
                self._left.remove(view)
                self.motion, self.surprise_px = found, math.inf  # no pace: it came from elsewhere
                return _place(view.place.piece, found.back().then(view.place.at), small)
        return None


def _place(piece: int, at: Motion, small: Small) -> Place:
    return Place(piece, at, (small.width, small.height))
