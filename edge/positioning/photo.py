"""What a photograph says of itself: where, when, how turned, how far, through which lens."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crackscan.edge.positioning.base import PositionSource
from crackscan.edge.positioning.blocks import Blocks, read_blocks
from crackscan.edge.positioning.tiff import Directory, Tiff
from crackscan.edge.positioning.values import (
    NO_GEOTAG,
    Attitude,
    Carrier,
    Distance,
    Geotag,
    North,
    Position,
    on_earth,
)
from crackscan.edge.positioning.xmp import DroneData, read_drone

PHOTO_STALE_S = 300.0
_MAKE, _MODEL, _EXIF_IFD, _GPS_IFD = 0x010F, 0x0110, 0x8769, 0x8825
_TAKEN, _OFFSET, _OFFSET_TAKEN, _SUBSECOND = 0x9003, 0x9010, 0x9011, 0x9291
_FOCAL, _FOCAL_35MM, _ZOOM, _WIDTH, _HEIGHT = 0x920A, 0xA405, 0xA404, 0xA002, 0xA003
_PLANE_X, _PLANE_UNIT = 0xA20E, 0xA210
_MM_PER_UNIT = {2: 25.4, 3: 10.0}
_LAT_REF, _LAT, _LON_REF, _LON, _ALT_REF, _ALT, _TIME = range(1, 8)
_STATUS, _HEADING_REF, _HEADING, _DATE, _ERROR = 9, 16, 17, 29, 31


@dataclass(frozen=True)
class PhotoData:
    """A photograph's own data; None for what it does not say or says impossibly."""

    geotag: Geotag = NO_GEOTAG
    taken_s: float | None = None
    """Unix time, where the photograph names its time zone."""
    taken_local: str | None = None
    """ISO 8601 as the camera's clock showed it."""
    make: str | None = None
    model: str | None = None
    focal_mm: float | None = None
    focal_35mm_mm: float | None = None
    """Focal length with the same view on 36 x 24 mm film (by the diagonal)."""
    focal_px: float | None = None
    """Calibrated by the maker, in pixels of the picture as taken."""
    sensor_px_per_mm: float | None = None
    """Pixels of the picture as taken per millimetre of sensor."""
    zoom: float | None = None
    """Digital zoom."""
    width_px: int | None = None
    height_px: int | None = None
    """Of the file, as stored."""
    taken_width_px: int | None = None
    taken_height_px: int | None = None
    """As the camera wrote it; another size than the file's tells that it was scaled since."""
    damaged: bool = False
    """Whether a part of the data could not be read."""
    notes: tuple[str, ...] = ()
    """What was dropped or doubted of the metadata, and why: one line each, for the user."""


def read_photo(path: Path, stale_s: float = PHOTO_STALE_S) -> PhotoData:
    """Read EXIF and the XMP of drones from a JPEG, TIFF, PNG or WebP file.

    A drone's XMP goes before EXIF, which holds the same position with fewer digits. A position
    whose satellite time differs by more than `stale_s` from the time of the photograph, or that
    the receiver calls void, is none. Damaged data gives what can be read of it; a file that
    cannot be read at all gives nothing.
    """
    try:
        blocks = read_blocks(path)
    except OSError:
        return PhotoData(damaged=True)
    drone = read_drone(blocks.xmp) if blocks.xmp else DroneData()
    root = exif = gps = Directory({}, damaged=blocks.exif is not None)
    if blocks.exif is not None:
        try:
            tiff = Tiff(blocks.exif)
        except ValueError:
            pass
        else:
            root = tiff.directory(tiff.first)
            exif = _below(tiff, root, _EXIF_IFD)
            gps = _below(tiff, root, _GPS_IFD)
    taken_local, taken_s = _taken(exif, drone)
    geotag = Geotag(
        _position(gps, drone, taken_s, stale_s),
        _attitude(gps, drone),
        Distance(drone.laser_m, "laser") if drone.laser_m is not None else None,
    )
    data = PhotoData(geotag, taken_s, taken_local, root.text(_MAKE), root.text(_MODEL))
    damaged = root.damaged or exif.damaged or gps.damaged
    return replace(_with_lens(data, exif, drone, blocks), damaged=damaged)


class PhotoPosition(PositionSource):
    """Says of each photograph what its file says; of anything else nothing."""

    def __init__(self, name: str, stale_s: float = PHOTO_STALE_S) -> None:
        super().__init__(name)
        self.stale_s = stale_s

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        return NO_GEOTAG if file is None else read_photo(file, self.stale_s).geotag


def _below(tiff: Tiff, root: Directory, tag: int) -> Directory:
    """A directory that the first one points to; an empty one where it points nowhere."""
    offset = root.number(tag)
    return Directory({}, damaged=False) if offset is None else tiff.directory(offset)


def _with_lens(data: PhotoData, exif: Directory, drone: DroneData, blocks: Blocks) -> PhotoData:
    def positive(tag: int) -> float | None:
        value = exif.number(tag)
        return value if value is not None and value > 0 else None

    resolution, unit = positive(_PLANE_X), exif.number(_PLANE_UNIT)
    mm = _MM_PER_UNIT.get(2 if unit is None else int(unit))
    width, height = positive(_WIDTH), positive(_HEIGHT)
    return replace(
        data,
        focal_mm=positive(_FOCAL),
        focal_35mm_mm=positive(_FOCAL_35MM),
        focal_px=drone.focal_px if drone.focal_px and drone.focal_px > 0 else None,
        sensor_px_per_mm=resolution / mm if resolution is not None and mm is not None else None,
        zoom=positive(_ZOOM),
        width_px=blocks.width_px,
        height_px=blocks.height_px,
        taken_width_px=None if width is None else int(width),
        taken_height_px=None if height is None else int(height),
    )


def _taken(exif: Directory, drone: DroneData) -> tuple[str | None, float | None]:
    """Local time as text, and Unix time where the zone is known (EXIF 2.31 or XMP)."""
    text = exif.text(_TAKEN)
    local = _date(text, "%Y:%m:%d %H:%M:%S") if text else None
    fraction = (exif.text(_SUBSECOND) or "").strip()
    if local is not None and fraction.isascii() and fraction.isdecimal():
        local += timedelta(seconds=float(f"0.{fraction}"))
    exposed = _iso(drone.exposed_utc)
    created = _iso(drone.created)
    zoned = None
    offset = exif.text(_OFFSET_TAKEN) or exif.text(_OFFSET)
    if exposed is not None:
        zoned = exposed if exposed.tzinfo else exposed.replace(tzinfo=UTC)
    elif local is not None and offset is not None:
        zoned = _iso(local.isoformat() + offset.strip())
    elif created is not None and created.tzinfo is not None:
        zoned = created
    if zoned is not None and zoned.tzinfo is None:
        zoned = None
    if local is None and created is not None:
        local = created.replace(tzinfo=None)
    return (
        None if local is None else local.isoformat(),
        None if zoned is None else zoned.timestamp(),
    )


def _position(
    gps: Directory, drone: DroneData, taken_s: float | None, stale_s: float
) -> Position | None:
    place, source = on_earth(drone.lat, drone.lon), "xmp"
    altitude_m = drone.altitude_m
    if place is None:
        lat = _angle(gps, _LAT, _LAT_REF, "NS")
        place, source = on_earth(lat, _angle(gps, _LON, _LON_REF, "EW")), "exif"
        below = gps.numbers(_ALT_REF) == (1.0,) or gps.tags.get(_ALT_REF) == b"\1"
        height = gps.number(_ALT)
        altitude_m = None if height is None else -height if below else height
    if place is None or (source == "exif" and (gps.text(_STATUS) or "A").upper() == "V"):
        return None
    time_s = _satellite_time(gps)
    age_s = None if time_s is None or taken_s is None else abs(taken_s - time_s)
    if age_s is not None and age_s > stale_s:
        return None
    error_m = gps.number(_ERROR)
    return Position(
        *place,
        source=source,
        age_s=age_s,
        accuracy_m=drone.accuracy_m if drone.accuracy_m is not None else error_m,
        altitude_m=altitude_m,
        vertical_accuracy_m=drone.vertical_accuracy_m,
        relative_altitude_m=drone.relative_altitude_m,
        time_s=time_s,
    )


def _attitude(gps: Directory, drone: DroneData) -> Attitude | None:
    yaw, pitch, roll = drone.gimbal_yaw_deg, drone.gimbal_pitch_deg, drone.gimbal_roll_deg
    if yaw is not None or pitch is not None or roll is not None:
        heading = None if yaw is None else yaw % 360
        return Attitude(heading, pitch, roll, carrier=Carrier.CAMERA)
    heading = gps.number(_HEADING)
    if heading is None:
        return None
    magnetic = (gps.text(_HEADING_REF) or "T").upper() == "M"
    north = North.MAGNETIC if magnetic else North.TRUE
    return Attitude(heading % 360, None, None, carrier=Carrier.CAMERA, north=north)


def _angle(gps: Directory, tag: int, ref_tag: int, letters: str) -> float | None:
    """Degrees from degrees, minutes, seconds; None without the letter that gives the sign."""
    parts, ref = gps.numbers(tag), (gps.text(ref_tag) or "").upper()[:1]
    if parts is None or not ref or ref not in letters:
        return None
    # Some cameras write degrees with decimals and leave the rest 0/0.
    degrees, *rest = (0.0 if math.isnan(part) and at else part for at, part in enumerate(parts[:3]))
    if math.isnan(degrees) or degrees < 0 or any(not 0 <= part < 60.0001 for part in rest):
        return None
    minutes, seconds = (*rest, 0.0, 0.0)[:2]
    angle = degrees + minutes / 60 + seconds / 3600
    return -angle if ref == letters[1] else angle


def _satellite_time(gps: Directory) -> float | None:
    date, clock = gps.text(_DATE), gps.numbers(_TIME, 3)
    if date is None or clock is None or not all(0 <= part <= 60 for part in clock[:3]):
        return None
    day = _date(date.replace("-", ":"), "%Y:%m:%d")
    if day is None:
        return None
    hours, minutes, seconds = clock[:3]
    return day.replace(tzinfo=UTC).timestamp() + hours * 3600 + minutes * 60 + seconds


def _date(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), form)
    except ValueError:
        return None


def _iso(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()) if text else None
    except ValueError:
        return None
