"""The position in a photograph's metadata, or the reason why it is dropped."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from crackscan.core.exif import Directory
from crackscan.edge.positioning.drone import DroneData
from crackscan.edge.positioning.geotag import Position, valid_coordinates
from crackscan.edge.positioning.photo_time import (
    CaptureTime,
    read_satellite_time,
    read_xmp_satellite_time,
)
from crackscan.edge.positioning.xmp import XmpPacket

_LAT_REF, _LAT, _LON_REF, _LON, _ALT_REF, _ALT = range(1, 7)
_STATUS, _ERROR = 9, 31
_XMP_ANGLE = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])")
_ROLLOVER_S = 1024 * 7 * 86_400
"""The week number of GPS has 10 bits: a receiver that counts on is 1024 weeks wrong, or twice."""
_MAX_ROLLOVERS = 2
_MAX_ZONE_S = 14 * 3600


@dataclass(frozen=True)
class FoundPosition:
    """A photograph's position, and what was dropped or doubted of it."""

    position: Position | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Fix:
    """A position as one part of the metadata states it."""

    source: str
    lat: float | None
    lon: float | None
    altitude_m: float | None
    time_s: float | None
    void: bool = False
    """Whether the receiver reports that it had no fix."""


def find_position(
    gps: Directory, packet: XmpPacket, drone: DroneData, taken: CaptureTime, stale_s: float
) -> FoundPosition:
    """The position from a drone's XMP, else from EXIF, which has fewer digits, else from XMP.

    A position is dropped if the receiver reports it as void, or if its satellite time is more than
    `stale_s` from the time of the photograph. It is kept, with its age unknown, if the satellite
    time is wrong by a rollover of the week number, or is local time.
    """
    reasons = []
    for fix in (_read_drone_fix(gps, drone), _read_exif_fix(gps), _read_xmp_fix(packet)):
        if fix is None:
            continue
        refusal = _refuse_fix(fix)
        if refusal is None:
            return _check_age(fix, gps, drone, taken, stale_s)
        reasons.append(f"position dropped: {refusal}")
    return FoundPosition(notes=tuple(dict.fromkeys(reasons)))


def _refuse_fix(fix: _Fix) -> str | None:
    if fix.lat == 0 and fix.lon == 0:
        return "latitude and longitude are 0, as devices write without a fix"
    if valid_coordinates(fix.lat, fix.lon) is None:
        return "its latitude or longitude is missing, damaged or out of range"
    return "the receiver reports it as void (GPS status V)" if fix.void else None


def _check_age(
    fix: _Fix, gps: Directory, drone: DroneData, taken: CaptureTime, stale_s: float
) -> FoundPosition:
    time_s, notes = fix.time_s, []
    doubt = None if time_s is None else _doubt_time(time_s, taken, stale_s)
    if doubt is not None:
        time_s = None
        notes.append(f"position kept, its age is unknown: {doubt}")
    age_s = None if time_s is None or taken.unix_s is None else abs(taken.unix_s - time_s)
    if age_s is not None and age_s > stale_s:
        return FoundPosition(
            notes=(
                f"position dropped: its satellite time is {age_s:.0f} s from the photograph's time,"
                f" more than {stale_s:g} s",
            )
        )
    assert fix.lat is not None and fix.lon is not None
    position = Position(
        fix.lat,
        fix.lon,
        source=fix.source,
        age_s=age_s,
        accuracy_m=drone.accuracy_m if drone.accuracy_m is not None else gps.read_number(_ERROR),
        altitude_m=fix.altitude_m,
        vertical_accuracy_m=drone.vertical_accuracy_m,
        relative_altitude_m=drone.relative_altitude_m,
        time_s=time_s,
    )
    return FoundPosition(position, tuple(notes))


def _doubt_time(time_s: float, taken: CaptureTime, stale_s: float) -> str | None:
    """Why the age of the fix cannot be computed from a satellite time, or None."""
    local_s = taken.local_as_utc_s
    reference_s = taken.unix_s if taken.unix_s is not None else local_s
    if reference_s is None or local_s is None:
        return None
    tolerance_s = stale_s if taken.unix_s is not None else stale_s + _MAX_ZONE_S
    for rollovers in range(1, _MAX_ROLLOVERS + 1):
        if abs(reference_s - time_s - rollovers * _ROLLOVER_S) <= tolerance_s:
            date = datetime.fromtimestamp(time_s, UTC).date()
            return f"the GPS date {date} is {1024 * rollovers} weeks early (week number rollover)"
    zone_s = 0.0 if taken.unix_s is None else local_s - taken.unix_s
    if abs(zone_s) > stale_s and abs(local_s - time_s) <= stale_s:
        return "the GPS time is the camera's local time, not UTC"
    return None


def _read_drone_fix(gps: Directory, drone: DroneData) -> _Fix | None:
    if drone.lat is None and drone.lon is None:
        return None
    return _Fix("xmp", drone.lat, drone.lon, drone.altitude_m, read_satellite_time(gps))


def _read_exif_fix(gps: Directory) -> _Fix | None:
    if _LAT not in gps.tags and _LON not in gps.tags:
        return None
    below = gps.read_numbers(_ALT_REF) == (1.0,) or gps.tags.get(_ALT_REF) == b"\1"
    height_m = gps.read_number(_ALT)
    return _Fix(
        "exif",
        _read_angle(gps, _LAT, _LAT_REF, "NS"),
        _read_angle(gps, _LON, _LON_REF, "EW"),
        None if height_m is None else -height_m if below else height_m,
        read_satellite_time(gps),
        void=(gps.read_text(_STATUS) or "A").upper() == "V",
    )


def _read_angle(gps: Directory, tag: int, ref_tag: int, letters: str) -> float | None:
    """Degrees from degrees, minutes, seconds; None without the letter that gives the sign."""
    parts, ref = gps.read_numbers(tag), (gps.read_text(ref_tag) or "").upper()[:1]
    if parts is None or not ref or ref not in letters:
        return None
    # Some cameras write degrees with decimals and leave the rest 0/0.
    degrees, *rest = (0.0 if math.isnan(part) and at else part for at, part in enumerate(parts[:3]))
    minutes, seconds = (*rest, 0.0, 0.0)[:2]
    return _join_angle(degrees, minutes, seconds, negative=ref == letters[1])


def _read_xmp_fix(packet: XmpPacket) -> _Fix | None:
    lat, lon = packet.read_text("exif:gpslatitude"), packet.read_text("exif:gpslongitude")
    if lat is None and lon is None:
        return None
    height_m = packet.read_number("exif:gpsaltitude")
    below = packet.read_text("exif:gpsaltituderef") == "1"
    return _Fix(
        "xmp",
        _parse_xmp_angle(lat, "NS"),
        _parse_xmp_angle(lon, "EW"),
        None if height_m is None else -height_m if below else height_m,
        read_xmp_satellite_time(packet),
        void=(packet.read_text("exif:gpsstatus") or "A").upper() == "V",
    )


def _parse_xmp_angle(text: str | None, letters: str) -> float | None:
    """Degrees from `47,30.072N` or `47,30,4N` (XMP specification, part 2)."""
    found = _XMP_ANGLE.fullmatch((text or "").strip().upper())
    if found is None or found[4] not in letters:
        return None
    return _join_angle(
        float(found[1]), float(found[2]), float(found[3] or 0), negative=found[4] == letters[1]
    )


def _join_angle(degrees: float, minutes: float, seconds: float, *, negative: bool) -> float | None:
    parts = (minutes, seconds)
    if math.isnan(degrees) or degrees < 0 or any(not 0 <= part < 60.0001 for part in parts):
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    return -angle if negative else angle
