"""Positions and clocks: geotags from gpsd, a drone's autopilot or photographs, and their times."""

from dataclasses import replace
from urllib.parse import urlsplit

from crackscan.core.errors import PositionError
from crackscan.edge.positioning.geotag import (
    NO_GEOTAG,
    Attitude,
    Carrier,
    Distance,
    Geotag,
    North,
    Position,
)
from crackscan.edge.positioning.gpsd import DEFAULT_PORT, GpsdPosition
from crackscan.edge.positioning.parameters import PARAMETERS, PositionParameters
from crackscan.edge.positioning.photo import PhotoData, PhotoPosition, read_photo
from crackscan.edge.positioning.source import NoPosition, PositionSource, SatelliteTime

__all__ = [
    "NO_GEOTAG",
    "Attitude",
    "Carrier",
    "Distance",
    "Geotag",
    "North",
    "PhotoData",
    "Position",
    "PositionParameters",
    "PositionSource",
    "SatelliteTime",
    "open_position",
    "read_photo",
]


def open_position(
    name: str, stale_s: float | None = None, parameters: PositionParameters = PARAMETERS
) -> PositionSource:
    """Open the source of positions that a user names.

    Args:
        name: `gpsd:host:port` or `gpsd://host:port` (default: this machine, port 2947),
            `mavlink:udp:host:port`, `mavlink:tcp:host:port`, `mavlink:/dev/ttyX:baud`, `exif`
            (the metadata of photographs) or `none`.
        stale_s: a position older than this is not used; None: as the parameters state.
        parameters: time limits.

    Raises:
        PositionError: the name is none of these, or pymavlink is missing. If nothing answers,
            that is not an error: it is tried again, and `describe_state()` reports it.
    """
    if stale_s is not None:
        parameters = replace(parameters, live_stale_s=stale_s, photo_stale_s=stale_s)
    if name == "none":
        return NoPosition(name)
    if name == "exif":
        return PhotoPosition(name, parameters.photo_stale_s)
    if name.startswith("mavlink:"):
        from crackscan.edge.positioning.mavlink import MavlinkPosition

        return MavlinkPosition(name, name.removeprefix("mavlink:"), parameters)
    if name == "gpsd" or name.startswith("gpsd:"):
        try:
            parts = urlsplit("//" + name.removeprefix("gpsd").removeprefix(":").removeprefix("//"))
            host, port = parts.hostname or "localhost", parts.port or DEFAULT_PORT
        except ValueError:
            raise PositionError(f"{name} is not a gpsd: give gpsd:host:port") from None
        return GpsdPosition(name, host, port, parameters)
    raise PositionError(
        f"{name} is not a source of positions: give gpsd:host:port, mavlink:udp:host:port, "
        "exif or none"
    )
