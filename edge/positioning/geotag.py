"""The geotag of a frame: position, attitude and distance, each with its age and its source."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Carrier(StrEnum):
    """The thing whose attitude is stated."""

    CAMERA = "camera"
    VEHICLE = "vehicle"


class North(StrEnum):
    """The north from which a heading counts."""

    TRUE = "true"
    MAGNETIC = "magnetic"


@dataclass(frozen=True)
class Position:
    """A position on the WGS 84 ellipsoid: of the camera, not of the wall in front of it."""

    lat: float
    """Degrees, north positive."""
    lon: float
    """Degrees, east positive, -180 to 180."""
    source: str
    """`gpsd`, `mavlink`, `exif` or `xmp`."""
    age_s: float | None = None
    """Time between the fix and the capture of the frame; None if a photograph does not state it."""
    accuracy_m: float | None = None
    """Horizontal radius as the receiver states it, usually for 95 %; None if it does not."""
    altitude_m: float | None = None
    """Above mean sea level."""
    vertical_accuracy_m: float | None = None
    relative_altitude_m: float | None = None
    """Above the point of take-off."""
    time_s: float | None = None
    """Unix time of the fix by satellite."""


@dataclass(frozen=True)
class Attitude:
    """How the camera or its vehicle is turned: yaw, then pitch, then roll."""

    heading_deg: float | None
    """Clockwise from north, 0 to 360."""
    pitch_deg: float | None
    """Upwards positive; -90 is straight down."""
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
    """Where and how a frame was captured; None for what is unknown or too old."""

    position: Position | None = None
    attitude: Attitude | None = None
    distance: Distance | None = None


NO_GEOTAG = Geotag()


def finite_number(value: object) -> float | None:
    """A number as float; None for anything else, including not-a-number and infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def valid_coordinates(lat: float | None, lon: float | None) -> tuple[float, float] | None:
    """The pair, or None if it cannot be a position; devices without a fix write (0, 0)."""
    if lat is None or lon is None or not (abs(lat) <= 90 and abs(lon) <= 180):
        return None
    return None if lat == 0 and lon == 0 else (lat, lon)
