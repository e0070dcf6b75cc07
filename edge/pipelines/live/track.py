"""The way that the camera went: a point for each new fix, not for each frame."""

from crackscan.edge.positioning import Geotag, Position
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey import TrackPoint

EVERY_S = 1.0
RESTING_S = 30.0
"""How often a camera that stays where it is says so."""
_STEP = 3e-6
"""Degrees: some 0.3 m, well below what a receiver can tell."""
_SAME_FIX_S = 0.05


class Track:
    """Chooses the moments at which the place is recorded."""

    def __init__(self) -> None:
        self._last: tuple[Instant, Position, float] | None = None

    def point(self, at: Instant, geotag: Geotag) -> TrackPoint | None:
        """The point to be recorded now, if one is due.

        A fix that was recorded already is not recorded again as if it were new; one that is too
        old is no position at all, see `LivePosition`.
        """
        position = geotag.position
        if position is None:
            return None
        fix_s = at.monotonic_s - (position.age_s or 0.0)
        if self._last is not None:
            then, there, last_fix_s = self._last
            since_s = at.monotonic_s - then.monotonic_s
            moved = max(abs(position.lat - there.lat), abs(position.lon - there.lon)) > _STEP
            if fix_s - last_fix_s < _SAME_FIX_S:
                return None
            if since_s < (EVERY_S if moved else RESTING_S):
                return None
        self._last = at, position, fix_s
        return TrackPoint(at, geotag)
