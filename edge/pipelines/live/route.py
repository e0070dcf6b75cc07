"""The route of the camera: a point for each new fix of the receiver, not for each frame."""

from dataclasses import dataclass

from crackscan.edge.positioning import Geotag, Position
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey import TrackPoint


@dataclass(frozen=True)
class RouteParameters:
    """When a point of the route is recorded. The values are hand-tuned."""

    moving_s: float = 1.0
    """Interval between the points of a moving camera, seconds."""
    resting_s: float = 30.0
    """Interval between the points of a camera that stays where it is, seconds."""
    least_step_deg: float = 3e-6
    """Change of latitude or longitude that counts as motion, degrees: about 0.3 m, well below the
    accuracy of a receiver."""
    same_fix_s: float = 0.05
    """Fixes closer in time than this are the same one, seconds."""


DEFAULTS = RouteParameters()


class RouteSampler:
    """Chooses the moments at which the position is recorded."""

    def __init__(self, parameters: RouteParameters = DEFAULTS) -> None:
        self._parameters = parameters
        self._last: tuple[Instant, Position, float] | None = None

    def sample_point(self, at: Instant, geotag: Geotag) -> TrackPoint | None:
        """The point to be recorded now, if one is due.

        A fix that was recorded before is not recorded again as if it were new; a fix that is too
        old does not count as a position, see `LivePosition`.
        """
        position, p = geotag.position, self._parameters
        if position is None:
            return None
        fix_s = at.monotonic_s - (position.age_s or 0.0)
        if self._last is not None:
            then, there, last_fix_s = self._last
            since_s = at.monotonic_s - then.monotonic_s
            step = max(abs(position.lat - there.lat), abs(position.lon - there.lon))
            if fix_s - last_fix_s < p.same_fix_s:
                return None
            if since_s < (p.moving_s if step > p.least_step_deg else p.resting_s):
                return None
        self._last = at, position, fix_s
        return TrackPoint(at, geotag)
