"""What a user tells of the scale, as the commands and the settings file take it."""

import re
from dataclasses import dataclass
from math import hypot, isfinite

from crackscan.core.errors import ScaleError

DISTANCE_SHARE = 0.05
"""90 % uncertainty of a distance that comes without one."""
CLICK_PX = 1.5
"""90 % uncertainty of each coordinate of a point that a person gave."""
NEAREST_PX = 10.0
"""Points nearer to each other give no scale."""
LENGTH_SHARE = 0.01
"""90 % uncertainty of a length that a person measured."""
_NUMBER = r"\s*([0-9]*\.?[0-9]+)\s*"
_WITH_UNCERTAINTY = re.compile(rf"{_NUMBER}(?:m\s*)?(?:(?:±|\+-|\+/-){_NUMBER}(?:m\s*)?)?")


@dataclass(frozen=True)
class Distance90:
    """A distance from the camera to the wall, and half of its 90 % interval."""

    metres: float
    uncertainty_m: float

    @classmethod
    def parse(cls, text: str) -> "Distance90":
        """`1.5`, `1.5±0.05` or `1.5+-0.05`, in metres; without ± it is DISTANCE_SHARE."""
        found = _WITH_UNCERTAINTY.fullmatch(text)
        if found is None:
            raise ScaleError(
                f"no distance in metres: {text!r}; give it like 1.5, or with its uncertainty like "
                "1.5±0.05 (or 1.5+-0.05)"
            )
        metres = float(found[1])
        uncertainty_m = float(found[2]) if found[2] else DISTANCE_SHARE * metres
        if not 0 < metres < 10_000 or uncertainty_m >= metres:
            raise ScaleError(f"no distance in metres: {text!r}")
        return cls(metres, uncertainty_m)


@dataclass(frozen=True)
class TwoPoints:
    """Two places of a frame, px, and how far apart they are on the wall."""

    x1: float
    y1: float
    x2: float
    y2: float
    mm: float

    def __post_init__(self) -> None:
        values = (self.x1, self.y1, self.x2, self.y2, self.mm)
        if not all(isfinite(value) for value in values) or self.mm <= 0:
            raise ScaleError(f"no two points with their distance in mm: {values}")

    @classmethod
    def parse(cls, text: str) -> "TwoPoints":
        """`x1,y1,x2,y2,mm`."""
        try:
            x1, y1, x2, y2, mm = (float(part) for part in text.split(","))
        except ValueError:
            raise ScaleError(f"no two points: {text!r}; give x1,y1,x2,y2,mm") from None
        points = cls(x1, y1, x2, y2, mm)
        if points.too_near:
            raise ScaleError(points.too_near)
        return points

    @property
    def too_near(self) -> str:
        """What to say of points that are too near to each other; "" if they are not."""
        if self.apart_px >= NEAREST_PX:
            return ""
        return f"the two points are only {self.apart_px:.0f} px apart: too near to measure with"

    def scaled(self, factor: float) -> "TwoPoints":
        """The same points in a frame so many times larger."""
        x1, y1, x2, y2 = (side * factor for side in (self.x1, self.y1, self.x2, self.y2))
        return TwoPoints(x1, y1, x2, y2, self.mm)

    @property
    def apart_px(self) -> float:
        return hypot(self.x2 - self.x1, self.y2 - self.y1)

    @property
    def relative_uncertainty(self) -> float:
        return hypot(LENGTH_SHARE, 2**0.5 * CLICK_PX / self.apart_px)


@dataclass(frozen=True)
class ScaleSettings:
    """All that the options say of the scale; nothing is told where nothing is set."""

    distance: Distance90 | None = None
    camera: str | None = None
    """A camera file of `crackscan calibrate`, or the name of a Raspberry Pi module."""
    lens_mm: float | None = None
    """Focal length of the lens on a module that comes without one."""
    target: bool = False
    """Whether the printed target is looked for in every frame."""
    points: TwoPoints | None = None

    @classmethod
    def parse(
        cls,
        distance: str | None = None,
        camera: str | None = None,
        lens_mm: float | None = None,
        target: bool | None = None,
        points: str | None = None,
    ) -> "ScaleSettings":
        """From the texts of options or of a settings file; "" and 0 are nothing told.

        Raises ScaleError for what cannot be read, in one line.
        """
        return cls(
            Distance90.parse(distance) if distance else None,
            camera or None,
            lens_mm or None,
            bool(target),
            TwoPoints.parse(points) if points else None,
        )

    @property
    def told(self) -> bool:
        """Whether anything was said of the scale."""
        return self != ScaleSettings()
