"""Reads what drones write into a photograph's XMP: position, height, gimbal and laser distance."""

import math
import re
from dataclasses import dataclass

from crackscan.edge.positioning.xmp import XmpPacket

_DRONE_PREFIX = re.compile(r"(?:drone|autel)[^:]*:", re.IGNORECASE)


@dataclass(frozen=True)
class DroneData:
    """The properties of a drone's photograph; None for each that is missing."""

    lat: float | None = None
    lon: float | None = None
    """Degrees, north and east positive."""
    altitude_m: float | None = None
    """Above mean sea level."""
    relative_altitude_m: float | None = None
    """Above the point of take-off."""
    accuracy_m: float | None = None
    vertical_accuracy_m: float | None = None
    """Twice the standard deviation that real-time kinematics reports."""
    gimbal_yaw_deg: float | None = None
    gimbal_pitch_deg: float | None = None
    gimbal_roll_deg: float | None = None
    laser_m: float | None = None
    """Distance that the laser rangefinder measured."""
    focal_px: float | None = None
    """Calibrated focal length in pixels of the full picture."""
    exposed_utc: str | None = None
    """ISO 8601."""


def read_drone(packet: XmpPacket) -> DroneData:
    """Read the properties of DJI (`drone-dji`), Autel and others (`drone`).

    A laser distance counts only if its status, where there is one, is normal.
    """
    own: dict[str, str] = {}
    for name, value in packet.properties.items():
        if _DRONE_PREFIX.match(name):
            own.setdefault(name.partition(":")[2], value)
    drone = XmpPacket(own)
    lat_std, lon_std = drone.read_number("rtkstdlat"), drone.read_number("rtkstdlon")
    height_std = drone.read_number("rtkstdhgt")
    accuracy_known = lat_std is not None and lon_std is not None and (lat_std or lon_std)
    laser_m = drone.read_number("lrftargetdistance")
    measured = own.get("lrfstatus", "Normal").lower() == "normal"
    relative_m = drone.read_number("relativealtitude")
    if relative_m is None:
        relative_m = packet.read_number("camera:abovegroundaltitude")
    return DroneData(
        lat=drone.read_number("gpslatitude", "latitude"),
        # Older models misspell it.
        lon=drone.read_number("gpslongitude", "gpslongtitude", "longitude"),
        altitude_m=drone.read_number("absolutealtitude"),
        relative_altitude_m=relative_m,
        accuracy_m=2 * math.hypot(lat_std or 0, lon_std or 0) if accuracy_known else None,
        vertical_accuracy_m=2 * height_std if height_std else None,
        gimbal_yaw_deg=drone.read_number("gimbalyawdegree"),
        gimbal_pitch_deg=drone.read_number("gimbalpitchdegree"),
        gimbal_roll_deg=drone.read_number("gimbalrolldegree"),
        laser_m=laser_m if measured and laser_m is not None and laser_m > 0 else None,
        focal_px=drone.read_number("calibratedfocallength"),
        exposed_utc=drone.read_text("utcatexposure"),
    )
