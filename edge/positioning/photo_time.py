"""When a photograph was taken, by the camera's clock and by satellite."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crackscan.core.exif import Directory
from crackscan.edge.positioning.drone import DroneData
from crackscan.edge.positioning.xmp import XmpPacket

_TAKEN, _OFFSET, _OFFSET_TAKEN, _SUBSECOND = 0x9003, 0x9010, 0x9011, 0x9291
_GPS_TIME, _GPS_DATE = 7, 29
_XMP_TIMES = ("exif:datetimeoriginal", "xmp:createdate")


@dataclass(frozen=True)
class CaptureTime:
    """When a photograph was taken; None for what it does not state."""

    local: datetime | None = None
    """As the camera's clock showed it, without a time zone."""
    unix_s: float | None = None
    """Known if the time zone is stated."""

    @property
    def local_as_utc_s(self) -> float | None:
        """Unix time if the camera's clock had shown UTC."""
        return None if self.local is None else self.local.replace(tzinfo=UTC).timestamp()


def read_capture_time(camera: Directory, drone: DroneData, packet: XmpPacket) -> CaptureTime:
    """The time from EXIF (2.31 states the zone), else from XMP.

    A drone's time of exposure by satellite goes before both.
    """
    local = _parse_date(camera.read_text(_TAKEN), "%Y:%m:%d %H:%M:%S")
    fraction = camera.read_text(_SUBSECOND) or ""
    if local is not None and fraction.isascii() and fraction.isdecimal():
        local += timedelta(seconds=float(f"0.{fraction}"))
    exposed = _parse_iso(drone.exposed_utc)
    stated = [_parse_iso(packet.read_text(name)) for name in _XMP_TIMES]
    created = sorted((one for one in stated if one is not None), key=_lacks_zone)
    offset = camera.read_text(_OFFSET_TAKEN) or camera.read_text(_OFFSET)
    zoned = None
    if exposed is not None:
        zoned = exposed if exposed.tzinfo else exposed.replace(tzinfo=UTC)
    elif local is not None and offset is not None:
        zoned = _parse_iso(local.isoformat() + offset)
    elif created:
        zoned = created[0]
    if local is None and created:
        local = created[0].replace(tzinfo=None)
    known = zoned is not None and zoned.tzinfo is not None
    return CaptureTime(local, zoned.timestamp() if zoned is not None and known else None)


def read_satellite_time(gps: Directory) -> float | None:
    """Unix time of the fix, from the date and the time of EXIF's GPS directory."""
    date, clock = gps.read_text(_GPS_DATE), gps.read_numbers(_GPS_TIME, 3)
    if date is None or clock is None or not all(0 <= part <= 60 for part in clock[:3]):
        return None
    day = _parse_date(date.replace("-", ":"), "%Y:%m:%d")
    if day is None:
        return None
    hours, minutes, seconds = clock[:3]
    return day.replace(tzinfo=UTC).timestamp() + hours * 3600 + minutes * 60 + seconds


def read_xmp_satellite_time(packet: XmpPacket) -> float | None:
    """Unix time of the fix from XMP, where `exif:GPSTimeStamp` holds the date as well."""
    time = _parse_iso(packet.read_text("exif:gpstimestamp"))
    if time is None:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _lacks_zone(time: datetime) -> bool:
    return time.tzinfo is None


def _parse_date(text: str | None, form: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), form) if text else None
    except ValueError:
        return None


def _parse_iso(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()) if text else None
    except ValueError:
        return None
