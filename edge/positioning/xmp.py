"""Reads what drones write into a photograph's XMP: place, height, gimbal and laser."""

import html
import math
import re
from dataclasses import dataclass

_ATTRIBUTE = re.compile(r"""([\w-]+):(\w+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_ELEMENT = re.compile(r"<([\w-]+):(\w+)[^<>]*>([^<>]*)</")
_DRONE = re.compile(r"drone|autel", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class DroneData:
    """A drone's own words; None for what it does not say."""

    lat: float | None = None
    lon: float | None = None
    altitude_m: float | None = None
    relative_altitude_m: float | None = None
    accuracy_m: float | None = None
    vertical_accuracy_m: float | None = None
    gimbal_yaw_deg: float | None = None
    gimbal_pitch_deg: float | None = None
    gimbal_roll_deg: float | None = None
    laser_m: float | None = None
    focal_px: float | None = None
    """Calibrated focal length in pixels of the full picture."""
    created: str | None = None
    """ISO 8601, with the zone where it is given."""
    exposed_utc: str | None = None


def read_drone(xmp: str) -> DroneData:
    """Read the properties of DJI (`drone-dji`), Autel and others (`drone`) from an XMP packet.

    They stand as attributes or as elements, depending on the model; the namespace's prefix is
    trusted, for some packets declare none. A laser reading counts where its status, if any, is
    normal. Accuracy is twice the standard deviation that real-time kinematics states.
    """
    said: dict[str, str] = {}
    other: dict[str, str] = {}
    for prefix, name, *values in (*_ATTRIBUTE.findall(xmp), *_ELEMENT.findall(xmp)):
        text = html.unescape("".join(values)).strip()
        if _DRONE.match(prefix):
            said.setdefault(name.lower(), text)
        else:
            other.setdefault(f"{prefix}:{name}".lower(), text)

    def number(*names: str) -> float | None:
        return next((x for x in (_number(said.get(name)) for name in names) if x is not None), None)

    lat_std, lon_std, height_std = number("rtkstdlat"), number("rtkstdlon"), number("rtkstdhgt")
    laser_m = number("lrftargetdistance")
    measured = said.get("lrfstatus", "Normal").lower() == "normal"
    relative_m = number("relativealtitude")
    if relative_m is None:
        relative_m = _number(other.get("camera:abovegroundaltitude"))
    known = lat_std is not None and lon_std is not None and (lat_std or lon_std)
    return DroneData(
        lat=number("gpslatitude", "latitude"),
        lon=number("gpslongitude", "gpslongtitude", "longitude"),  # so misspelt by older models
        altitude_m=number("absolutealtitude"),
        relative_altitude_m=relative_m,
        accuracy_m=2 * math.hypot(lat_std or 0, lon_std or 0) if known else None,
        vertical_accuracy_m=2 * height_std if height_std else None,
        gimbal_yaw_deg=number("gimbalyawdegree"),
        gimbal_pitch_deg=number("gimbalpitchdegree"),
        gimbal_roll_deg=number("gimbalrolldegree"),
        laser_m=laser_m if measured and laser_m is not None and laser_m > 0 else None,
        focal_px=number("calibratedfocallength"),
        created=other.get("xmp:createdate"),
        exposed_utc=said.get("utcatexposure"),
    )


def _number(text: str | None) -> float | None:
    """A decimal or a fraction `a/b`, with whatever unit follows."""
    if text is None:
        return None
    top, slash, bottom = text.partition("/")
    found, under = _NUMBER.match(top.strip()), _NUMBER.match(bottom.strip())
    if found is None or (slash and under is None):
        return None
    divisor = float(under.group()) if under is not None else 1.0
    value = float(found.group()) / divisor if divisor else math.nan
    return value if math.isfinite(value) else None
