"""Where something was seen: position, attitude and distance, each with its age and origin."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Carrier(StrEnum):
    """Whose attitude is told."""

    CAMERA = "camera"
    VEHICLE = "vehicle"


class North(StrEnum):
    """From which north a heading counts."""

    TRUE = "true"
    MAGNETIC = "magnetic"


@dataclass(frozen=True)
class Position:
    """A place on the WGS 84 ellipsoid: of the camera, not of the wall before it."""

    lat: float
    """Degrees, north positive."""
    lon: float
    """Degrees, east positive, -180 to 180."""
    source: str
    """`gpsd`, `mavlink`, `exif` or `xmp`."""
    age_s: float | None = None
    """Time between the fix and what it is used for; None where a photograph does not tell."""
    accuracy_m: float | None = None
    """Radius in the plane as the receiver states it, mostly for 95 %; None where it does not."""
    altitude_m: float | None = None
    """Above mean sea level."""
    vertical_accuracy_m: float | None = None
    relative_altitude_m: float | None = None
    """Above the place of take-off."""
    time_s: float | None = None
    """Unix time of the fix by satellite."""


@dataclass(frozen=True)
class Attitude:
    """Where the camera looks, or how its vehicle is turned: yaw, then pitch, then roll."""

    heading_deg: float | None
    """Clockwise from north, 0 to 360."""
    pitch_deg: float | None
    """Upwards positive; -90 looks straight down."""
    roll_deg: float | None
    """Clockwise positive, seen from behind."""
    carrier: Carrier
    north: North = North.TRUE
    age_s: float | None = None


@dataclass(frozen=True)
class Distance:
    """A measured distance from the camera to the wall."""

    value_m: float
    source: str
    """`rangefinder` (MAVLink) or `laser` (a photograph's XMP)."""
    age_s: float | None = None


@dataclass(frozen=True)
class Geotag:
    """All that is known of a place; what is not known, or known too long ago, is None."""

    position: Position | None = None
    attitude: Attitude | None = None
    distance: Distance | None = None


NO_GEOTAG = Geotag()


def finite(value: object) -> float | None:
    """A number as float, or None for anything else, not-a-number and infinity included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def on_earth(lat: float | None, lon: float | None) -> tuple[float, float] | None:
    """The pair, if it can be a place; (0, 0) is what devices write that know none."""
    if lat is None or lon is None or not (abs(lat) <= 90 and abs(lon) <= 180):
        return None
    return None if lat == 0 and lon == 0 else (lat, lon)
