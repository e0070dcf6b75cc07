"""What a user states about the scale, in options of a command or in the settings file."""

import re
from dataclasses import dataclass
from math import hypot, isfinite

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.parameters import PARAMETERS

_NUMBER = r"\s*([0-9]*\.?[0-9]+)\s*"
_WITH_UNCERTAINTY = re.compile(rf"{_NUMBER}(?:m\s*)?(?:(?:±|\+-|\+/-){_NUMBER}(?:m\s*)?)?")


@dataclass(frozen=True)
class WallDistance:
    """The distance from the camera to the wall."""

    metres: float
    uncertainty_m: float
    """Half of the 90 % interval."""

    @classmethod
    def parse(cls, text: str) -> "WallDistance":
        """Parse `1.5`, `1.5±0.05` or `1.5+-0.05`, in metres.

        The uncertainty defaults to `PARAMETERS.distance_share` of the distance. Raises ScaleError
        for any other text.
        """
        found = _WITH_UNCERTAINTY.fullmatch(text)
        if found is None:
            raise ScaleError(
                f"not a distance in metres: {text!r}; give it like 1.5, or with its uncertainty "
                "like 1.5±0.05 (or 1.5+-0.05)"
            )
        metres = float(found[1])
        uncertainty_m = float(found[2]) if found[2] else PARAMETERS.distance_share * metres
        if not 0 < metres < 10_000 or uncertainty_m >= metres:
            raise ScaleError(
                f"not a distance in metres: {text!r}; give more than 0 and less than 10000, and a "
                "smaller uncertainty"
            )
        return cls(metres, uncertainty_m)


@dataclass(frozen=True)
class TwoPoints:
    """Two points of a frame, px, and their distance on the wall."""

    x1: float
    y1: float
    x2: float
    y2: float
    mm: float

    def __post_init__(self) -> None:
        values = (self.x1, self.y1, self.x2, self.y2, self.mm)
        if not all(isfinite(value) for value in values) or self.mm <= 0:
            raise ScaleError(f"not two points and their distance in mm: {values}")

    @classmethod
    def parse(cls, text: str) -> "TwoPoints":
        """Parse `x1,y1,x2,y2,mm`. Raises ScaleError for any other text."""
        try:
            x1, y1, x2, y2, mm = (float(part) for part in text.split(","))
        except ValueError:
            raise ScaleError(f"not two points: {text!r}; give x1,y1,x2,y2,mm") from None
        points = cls(x1, y1, x2, y2, mm)
        if points.too_close:
            raise ScaleError(points.too_close)
        return points

    @property
    def too_close(self) -> str:
        """A message if the points are too close together for a measurement; else ""."""
        if self.length_px >= PARAMETERS.shortest_px:
            return ""
        return (
            f"the two points are only {self.length_px:.0f} px apart: give points at least "
            f"{PARAMETERS.shortest_px:.0f} px apart"
        )

    def scale_by(self, factor: float) -> "TwoPoints":
        """Return the same points in a frame that is larger by this factor."""
        x1, y1, x2, y2 = (side * factor for side in (self.x1, self.y1, self.x2, self.y2))
        return TwoPoints(x1, y1, x2, y2, self.mm)

    @property
    def length_px(self) -> float:
        return hypot(self.x2 - self.x1, self.y2 - self.y1)

    @property
    def relative_uncertainty(self) -> float:
        """Half of the 90 % interval of the scale that follows, relative to it."""
        return hypot(PARAMETERS.length_share, 2**0.5 * PARAMETERS.click_px / self.length_px)


@dataclass(frozen=True)
class ScaleSettings:
    """All settings of the scale; by default, none is given."""

    distance: WallDistance | None = None
    camera: str | None = None
    """A camera file of `crackscan calibrate`, or the name of a Raspberry Pi module."""
    lens_mm: float | None = None
    """Focal length of the lens on a module that has none of its own."""
    target: bool = False
    """Whether the printed target is searched for in every frame."""
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
        """Parse the texts of options or of a settings file; "" and 0 mean that none is given.

        Raises ScaleError if a text is wrong.
        """
        return cls(
            WallDistance.parse(distance) if distance else None,
            camera or None,
            lens_mm or None,
            bool(target),
            TwoPoints.parse(points) if points else None,
        )
