"""Where and when: positions from gpsd, from a drone's autopilot, from photographs, or none."""

from urllib.parse import urlsplit

from crackscan.core.errors import PositionError
from crackscan.edge.positioning.base import (
    STALE_S,
    NoPosition,
    PositionSource,
    SatelliteTime,
)
from crackscan.edge.positioning.gpsd import PORT, Gpsd
from crackscan.edge.positioning.photo import PHOTO_STALE_S, PhotoData, PhotoPosition, read_photo
from crackscan.edge.positioning.values import (
    NO_GEOTAG,
    Attitude,
    Carrier,
    Distance,
    Geotag,
    North,
    Position,
)

__all__ = [
    "NO_GEOTAG",
    "Attitude",
    "Carrier",
    "Distance",
    "Geotag",
    "North",
    "PhotoData",
    "Position",
    "PositionSource",
    "SatelliteTime",
    "open_position",
    "read_photo",
]


def open_position(name: str, stale_s: float | None = None) -> PositionSource:
    """Open what a user names as a source of positions.

    Args:
        name: `gpsd:host:port` or `gpsd://host:port` (both may be left out: this machine, 2947),
            `mavlink:udp:host:port`, `mavlink:tcp:host:port`, `mavlink:/dev/ttyX:baud`, `exif`
            (what photographs say of themselves) or `none`.
        stale_s: a position older than this is none; 5 s for a live source, and 300 s for a
            photograph, whose receiver may have kept a fix from before.

    Raises:
        PositionError: the name is none of these, or pymavlink is missing. That nothing answers is
            no error: it is tried again, and `state()` says it.
    """
    if name == "none":
        return NoPosition(name)
    if name == "exif":
        return PhotoPosition(name, PHOTO_STALE_S if stale_s is None else stale_s)
    live_stale_s = STALE_S if stale_s is None else stale_s
    if name.startswith("mavlink:"):
        from crackscan.edge.positioning.mavlink import Mavlink

        return Mavlink(name, name.removeprefix("mavlink:"), live_stale_s)
    if name == "gpsd" or name.startswith("gpsd:"):
        try:
            parts = urlsplit("//" + name.removeprefix("gpsd").removeprefix(":").removeprefix("//"))
            host, port = parts.hostname or "localhost", parts.port or PORT
        except ValueError:
            raise PositionError(f"{name} is no gpsd: give gpsd:host:port") from None
        return Gpsd(name, host, port, live_stale_s)
    raise PositionError(
        f"{name} is no source of positions: give gpsd:host:port, mavlink:udp:host:port, "
        "exif or none"
    )
