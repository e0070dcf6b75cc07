"""Positions from a drone's autopilot, by MAVLink over UDP, TCP or a serial line.

It only listens. An autopilot on a serial line must be configured to send (ArduPilot:
`SRx_POSITION`, `SRx_EXTRA1`, `SRx_EXTRA3`).
"""

import math
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from crackscan.core.errors import PositionError
from crackscan.edge.positioning.geotag import (
    Attitude,
    Carrier,
    Distance,
    Position,
    valid_coordinates,
)
from crackscan.edge.positioning.live_source import LivePosition, Received
from crackscan.edge.positioning.parameters import PARAMETERS, PositionParameters
from crackscan.edge.positioning.serial_line import SerialLine, check_baud_rate
from crackscan.edge.positioning.source import SatelliteTime

_MAX_READ_BYTES = 1 << 16
_FORWARD = 0
"""MAV_SENSOR_ROTATION_NONE: the rangefinder points where the vehicle does."""
_UNKNOWN_HEADING = 65535
_FIX_2D = 2


class _Connection(Protocol):
    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...


class MavlinkPosition(LivePosition):
    """Reads the first autopilot that is heard.

    Reads GLOBAL_POSITION_INT, GPS_RAW_INT (whether that is a fix, and its accuracy), ATTITUDE,
    DISTANCE_SENSOR (of a sensor that points forward) and SYSTEM_TIME, of MAVLink 1 and 2.
    """

    def __init__(self, name: str, link: str, parameters: PositionParameters = PARAMETERS) -> None:
        """`link` is `udp:host:port` (to listen on), `tcp:host:port` or `/dev/ttyX:baud`.

        Raises PositionError if the link is none of these, or if pymavlink is missing.
        """
        super().__init__(name, parameters)
        self.link = _parse_link(name, link)
        self._make_parser = _load_parser(name)
        self._system: int | None = None
        self._fix: tuple[int, float | None, float] | None = None
        """Kind of fix, accuracy in m, and when it was received."""
        self._boot_s: float | None = None
        """Unix time at which the autopilot's clock was 0."""
        self._start_thread()

    def _read_reports(self) -> None:
        with _open_connection(*self.link, self.parameters.connect_timeout_s) as connection:
            parser = self._make_parser()
            self._note_connection("no autopilot heard yet")
            received_s = time.monotonic()
            while not self._ended.is_set():
                if not select.select([connection], [], [], self.parameters.poll_s)[0]:
                    if time.monotonic() - received_s > self.parameters.silent_s:
                        self._system = None
                    continue
                data = connection.recv(_MAX_READ_BYTES)
                if not data:
                    if self.link[0] == "udp":
                        continue
                    raise ConnectionError("the line was closed")
                received_s = time.monotonic()
                for message in parser.parse_buffer(data) or ():
                    self._handle_message(message, received_s)

    def _handle_message(self, message: Any, received_s: float) -> None:
        handler = _HANDLERS.get(message.get_type())
        if handler is None:
            return
        if self._system is None:
            self._system = message.get_srcSystem()
        if message.get_srcSystem() == self._system:
            handler(self, message, received_s)

    def _handle_position(self, message: Any, received_s: float) -> None:
        fix = self._fix
        if fix is not None and received_s - fix[2] >= self.parameters.live_stale_s:
            fix = None
        coordinates = valid_coordinates(message.lat / 1e7, message.lon / 1e7)
        if coordinates is None or (fix is not None and fix[0] < _FIX_2D):
            self._note = "the autopilot has no fix"
            return
        self._note = "the autopilot is silent"
        time_s = None if self._boot_s is None else self._boot_s + message.time_boot_ms / 1000
        position = Position(
            *coordinates,
            source="mavlink",
            accuracy_m=fix[1] if fix is not None else None,
            altitude_m=message.alt / 1000,
            relative_altitude_m=message.relative_alt / 1000,
            time_s=time_s,
        )
        self._position = Received(position, received_s)
        only_heading = self._attitude is None or self._attitude.reading.pitch_deg is None
        if only_heading and message.hdg != _UNKNOWN_HEADING:
            heading = Attitude(message.hdg / 100, None, None, carrier=Carrier.VEHICLE)
            self._attitude = Received(heading, received_s)

    def _handle_fix(self, message: Any, received_s: float) -> None:
        accuracy_m = message.h_acc / 1000 if message.h_acc else None
        self._fix = (message.fix_type, accuracy_m, received_s)

    def _handle_attitude(self, message: Any, received_s: float) -> None:
        yaw, pitch, roll = (math.degrees(x) for x in (message.yaw, message.pitch, message.roll))
        if math.isfinite(yaw + pitch + roll):
            attitude = Attitude(yaw % 360, pitch, roll, carrier=Carrier.VEHICLE)
            self._attitude = Received(attitude, received_s)

    def _handle_distance(self, message: Any, received_s: float) -> None:
        inside = message.min_distance <= message.current_distance <= message.max_distance
        if message.orientation == _FORWARD and inside and message.current_distance > 0:
            distance = Distance(message.current_distance / 100, "rangefinder")
            self._distance = Received(distance, received_s)

    def _handle_time(self, message: Any, received_s: float) -> None:
        if message.time_unix_usec:
            unix_s = message.time_unix_usec / 1e6
            self._boot_s = unix_s - message.time_boot_ms / 1000
            self._time = SatelliteTime(unix_s, received_s)


_HANDLERS = {
    "GLOBAL_POSITION_INT": MavlinkPosition._handle_position,
    "GPS_RAW_INT": MavlinkPosition._handle_fix,
    "ATTITUDE": MavlinkPosition._handle_attitude,
    "DISTANCE_SENSOR": MavlinkPosition._handle_distance,
    "SYSTEM_TIME": MavlinkPosition._handle_time,
}


def _parse_link(name: str, link: str) -> tuple[str, str, int]:
    kind, _, rest = link.partition(":")
    if link.startswith("/"):
        kind, rest = "serial", link
    host, _, number = rest.rpartition(":")
    if kind not in ("udp", "tcp", "serial") or not host or not number.isdecimal():
        raise PositionError(
            f"{name} is not a MAVLink connection: give mavlink:udp:0.0.0.0:14550, "
            "mavlink:tcp:HOST:5760 or mavlink:/dev/ttyAMA0:57600"
        )
    if kind == "serial":
        check_baud_rate(name, int(number))
    elif not 0 < int(number) < 65536:
        raise PositionError(f"{name} is not a MAVLink connection: there is no port {number}")
    return kind, host, int(number)


def _load_parser(name: str) -> Any:
    """A function that makes a parser; raises PositionError if pymavlink is missing."""
    try:
        from pymavlink.dialects.v20 import common
    except ImportError:
        raise PositionError(f"{name} needs pymavlink: pip install 'crackscan[mavlink]'") from None

    def make_parser() -> Any:
        parser = common.MAVLink(None)
        parser.robust_parsing = True  # noise between messages is skipped, not raised
        return parser

    return make_parser


@contextmanager
def _open_connection(kind: str, host: str, number: int, timeout_s: float) -> Iterator[_Connection]:
    if kind == "serial":
        with SerialLine(host, number) as line:
            yield line
    elif kind == "tcp":
        with socket.create_connection((host, number), timeout_s) as connection:
            yield connection
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as receiver:
            receiver.bind((host, number))
            yield receiver
