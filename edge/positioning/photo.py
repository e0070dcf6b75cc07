"""What a photograph's metadata states: where, when and how turned, how far, through which lens."""

from dataclasses import dataclass, replace
from pathlib import Path

from crackscan.core.exif import Directory
from crackscan.core.picture_metadata import (
    DamagedHeaderError,
    PictureMetadata,
    UnknownFormatError,
    read_metadata,
)
from crackscan.edge.positioning.drone import DroneData, read_drone
from crackscan.edge.positioning.geotag import (
    NO_GEOTAG,
    Attitude,
    Carrier,
    Distance,
    Geotag,
    North,
)
from crackscan.edge.positioning.parameters import PARAMETERS
from crackscan.edge.positioning.photo_position import find_position
from crackscan.edge.positioning.photo_time import read_capture_time
from crackscan.edge.positioning.source import PositionSource
from crackscan.edge.positioning.xmp import XmpPacket, parse_xmp

_MAKE, _MODEL = 0x010F, 0x0110
_FOCAL, _FOCAL_35MM, _ZOOM, _WIDTH, _HEIGHT = 0x920A, 0xA405, 0xA404, 0xA002, 0xA003
_PLANE_X, _PLANE_UNIT, _CUSTOM_RENDERED = 0xA20E, 0xA210, 0xA401
_MM_PER_UNIT = {2: 25.4, 3: 10.0}
_HEADING_REF, _HEADING = 16, 17
_PANORAMA = 6
"""Apple's value of CustomRendered; phones of other makers write GPano into XMP."""


@dataclass(frozen=True)
class PhotoData:
    """A photograph's own data; None for what it does not state or states impossibly."""

    geotag: Geotag = NO_GEOTAG
    taken_s: float | None = None
    """Unix time, if the photograph names its time zone."""
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
    panorama: bool = False
    """Whether it was stitched from several pictures, so that it has no single lens."""
    width_px: int | None = None
    height_px: int | None = None
    """Of the file, as stored."""
    taken_width_px: int | None = None
    taken_height_px: int | None = None
    """As the camera wrote it; if it differs from the file's size, the picture was scaled since."""
    damaged: bool = False
    """Whether a part of the data could not be read."""
    position_notes: tuple[str, ...] = ()
    """Why the position was dropped, or what is doubtful about it: one line each, for the user."""
    notes: tuple[str, ...] = ()
    """The same for the rest of the metadata."""


def read_photo(path: Path, stale_s: float = PARAMETERS.photo_stale_s) -> PhotoData:
    """Read EXIF and XMP from a JPEG, TIFF, PNG or WebP file.

    A position whose satellite time differs by more than `stale_s` from the time of the photograph
    is dropped; `position_notes` states the reason. Damaged data gives what can be read of it; a
    file that cannot be read at all gives nothing.
    """
    try:
        with path.open("rb") as file:
            return interpret_metadata(read_metadata(file), stale_s)
    except UnknownFormatError:
        return PhotoData()
    except (DamagedHeaderError, OSError):
        return PhotoData(damaged=True)


def interpret_metadata(
    metadata: PictureMetadata, stale_s: float = PARAMETERS.photo_stale_s
) -> PhotoData:
    """What EXIF and XMP state about a photograph."""
    exif = metadata.exif
    packet = XmpPacket() if metadata.xmp is None else parse_xmp(metadata.xmp)
    drone = read_drone(packet)
    taken = read_capture_time(exif.camera, drone, packet)
    found = find_position(exif.gps, packet, drone, taken, stale_s)
    laser = None if drone.laser_m is None else Distance(drone.laser_m, "laser")
    notes = ("EXIF is damaged: what stands behind the damage is not used",)
    data = PhotoData(
        geotag=Geotag(found.position, _read_attitude(exif.gps, drone), laser),
        taken_s=taken.unix_s,
        taken_local=None if taken.local is None else taken.local.isoformat(),
        make=exif.root.read_text(_MAKE),
        model=exif.root.read_text(_MODEL),
        focal_px=drone.focal_px if drone.focal_px and drone.focal_px > 0 else None,
        panorama=exif.camera.read_number(_CUSTOM_RENDERED) == _PANORAMA
        or packet.read_text("gpano:projectiontype") is not None,
        width_px=metadata.width,
        height_px=metadata.height,
        damaged=exif.damaged or packet.damaged,
        position_notes=found.notes,
        notes=notes if exif.damaged else (),
    )
    # Behind damage may have stood a digital zoom or the size as taken, without which a focal
    # length in mm gives a wrong scale.
    return data if exif.camera.damaged else _add_lens(data, exif.camera)


class PhotoPosition(PositionSource):
    """Gives for each photograph what its file states, and nothing for anything else."""

    def __init__(self, name: str, stale_s: float = PARAMETERS.photo_stale_s) -> None:
        super().__init__(name)
        self.stale_s = stale_s

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        return NO_GEOTAG if file is None else read_photo(file, self.stale_s).geotag


def _add_lens(data: PhotoData, camera: Directory) -> PhotoData:
    def positive(tag: int) -> float | None:
        value = camera.read_number(tag)
        return value if value is not None and value > 0 else None

    resolution, unit = positive(_PLANE_X), camera.read_number(_PLANE_UNIT)
    unit_mm = _MM_PER_UNIT.get(2 if unit is None else int(unit))
    width, height = positive(_WIDTH), positive(_HEIGHT)
    return replace(
        data,
        focal_mm=positive(_FOCAL),
        focal_35mm_mm=positive(_FOCAL_35MM),
        sensor_px_per_mm=resolution / unit_mm if resolution and unit_mm else None,
        zoom=positive(_ZOOM),
        taken_width_px=None if width is None else int(width),
        taken_height_px=None if height is None else int(height),
    )


def _read_attitude(gps: Directory, drone: DroneData) -> Attitude | None:
    yaw, pitch, roll = drone.gimbal_yaw_deg, drone.gimbal_pitch_deg, drone.gimbal_roll_deg
    if yaw is not None or pitch is not None or roll is not None:
        heading = None if yaw is None else yaw % 360
        return Attitude(heading, pitch, roll, carrier=Carrier.CAMERA)
    heading = gps.read_number(_HEADING)
    if heading is None:
        return None
    magnetic = (gps.read_text(_HEADING_REF) or "T").upper() == "M"
    north = North.MAGNETIC if magnetic else North.TRUE
    return Attitude(heading % 360, None, None, carrier=Carrier.CAMERA, north=north)
