"""Positions from a drone's autopilot, by MAVLink over UDP, TCP or a serial line.

It only listens. An autopilot on a serial line must be set to send (ArduPilot: `SRx_POSITION`,
`SRx_EXTRA1`, `SRx_EXTRA3`).
"""

import math
import select
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from crackscan.core.errors import PositionError
from crackscan.edge.positioning.base import POLL_S, STALE_S, Heard, LivePosition, SatelliteTime
from crackscan.edge.positioning.serial_line import SerialLine
from crackscan.edge.positioning.values import Attitude, Carrier, Distance, Position, on_earth

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENT_S = 10.0
"""After so long without a message, the next system that is heard is followed."""
_CONNECT_S = 2.0
_FORWARD = 0
"""MAV_SENSOR_ROTATION_NONE: a rangefinder that looks where the vehicle does."""
_UNKNOWN_HEADING = 65535
_FIX_2D = 2


class _Line(Protocol):
    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...


class Mavlink(LivePosition):
    """Follows the first autopilot that is heard.

    Reads GLOBAL_POSITION_INT, GPS_RAW_INT (whether that is a fix, and how accurate), ATTITUDE,
    DISTANCE_SENSOR (of a sensor that looks forward) and SYSTEM_TIME, MAVLink 1 and 2.
    """

    def __init__(self, name: str, link: str, stale_s: float = STALE_S) -> None:
        """`link` is `udp:host:port` (listen), `tcp:host:port` or `/dev/ttyX:baud`.

        Raises PositionError where the link is none of these or pymavlink is missing.
        """
        super().__init__(name, stale_s)
        self.link = _parse(name, link)
        self._new_parser = _parser(name)
        self._system: int | None = None
        self._fix: tuple[int, float | None, float] | None = None
        self._boot_s: float | None = None
        """Unix time at which the autopilot's clock was 0."""
        self._start()

    def _follow(self) -> None:
        with _opened(*self.link) as line:
            parser = self._new_parser()
            self._connected("no autopilot heard yet")
            heard_s = time.monotonic()
            while not self._ended.is_set():
                if not select.select([line], [], [], POLL_S)[0]:
                    if time.monotonic() - heard_s > SILENT_S:
                        self._system = None
                    continue
                data = line.recv(65536)
                if not data:
                    if self.link[0] == "udp":
                        continue
                    raise ConnectionError("the line was closed")
                heard_s = time.monotonic()
                for message in parser.parse_buffer(data) or ():
                    self._take(message, heard_s)

    def _take(self, message: Any, heard_s: float) -> None:
        take = _TAKES.get(message.get_type())
        if take is None:
            return
        if self._system is None:
            self._system = message.get_srcSystem()
        if message.get_srcSystem() == self._system:
            take(self, message, heard_s)

    def _take_position(self, message: Any, heard_s: float) -> None:
        fix = self._fix if self._fix and heard_s - self._fix[2] < self.stale_s else None
        place = on_earth(message.lat / 1e7, message.lon / 1e7)
        if place is None or (fix is not None and fix[0] < _FIX_2D):
            self._note = "the autopilot has no fix"
            return
        self._note = "the autopilot is silent"
        time_s = None if self._boot_s is None else self._boot_s + message.time_boot_ms / 1000
        position = Position(
            *place,
            source="mavlink",
            accuracy_m=fix[1] if fix is not None else None,
            altitude_m=message.alt / 1000,
            relative_altitude_m=message.relative_alt / 1000,
            time_s=time_s,
        )
        self._position = Heard(position, heard_s)
        only_heading = self._attitude is None or self._attitude.value.pitch_deg is None
        if only_heading and message.hdg != _UNKNOWN_HEADING:
            heading = Attitude(message.hdg / 100, None, None, carrier=Carrier.VEHICLE)
            self._attitude = Heard(heading, heard_s)

    def _take_fix(self, message: Any, heard_s: float) -> None:
        accuracy_m = message.h_acc / 1000 if message.h_acc else None
        self._fix = (message.fix_type, accuracy_m, heard_s)

    def _take_attitude(self, message: Any, heard_s: float) -> None:
        yaw, pitch, roll = (math.degrees(x) for x in (message.yaw, message.pitch, message.roll))
        if math.isfinite(yaw + pitch + roll):
            attitude = Attitude(yaw % 360, pitch, roll, carrier=Carrier.VEHICLE)
            self._attitude = Heard(attitude, heard_s)

    def _take_distance(self, message: Any, heard_s: float) -> None:
        inside = message.min_distance <= message.current_distance <= message.max_distance
        if message.orientation == _FORWARD and inside and message.current_distance > 0:
            distance = Distance(message.current_distance / 100, "rangefinder")
            self._distance = Heard(distance, heard_s)

    def _take_time(self, message: Any, heard_s: float) -> None:
        if message.time_unix_usec:
            unix_s = message.time_unix_usec / 1e6
            self._boot_s = unix_s - message.time_boot_ms / 1000
            self._time = SatelliteTime(unix_s, heard_s)


_TAKES = {
    "GLOBAL_POSITION_INT": Mavlink._take_position,
    "GPS_RAW_INT": Mavlink._take_fix,
    "ATTITUDE": Mavlink._take_attitude,
    "DISTANCE_SENSOR": Mavlink._take_distance,
    "SYSTEM_TIME": Mavlink._take_time,
}


def _parse(name: str, link: str) -> tuple[str, str, int]:
    kind, _, rest = link.partition(":")
    if link.startswith("/"):
        kind, rest = "serial", link
    host, _, number = rest.rpartition(":")
    if kind not in ("udp", "tcp", "serial") or not host or not number.isdecimal():
        raise PositionError(
            f"{name} is no MAVLink connection: give mavlink:udp:0.0.0.0:14550, "
            "mavlink:tcp:HOST:5760 or mavlink:/dev/ttyAMA0:57600"
        )
    if kind == "serial":
        SerialLine.check(name, int(number))
    elif not 0 < int(number) < 65536:
        raise PositionError(f"{name} is no MAVLink connection: there is no port {number}")
    return kind, host, int(number)


def _parser(name: str) -> Any:
    try:
        from pymavlink.dialects.v20 import common
    except ImportError:
        raise PositionError(f"{name} needs pymavlink: pip install 'crackscan[mavlink]'") from None

    def new() -> Any:
        parser = common.MAVLink(None)
        parser.robust_parsing = True  # noise between messages is passed over, not raised
        return parser

    return new


@contextmanager
def _opened(kind: str, host: str, number: int) -> "Iterator[_Line]":
    if kind == "serial":
        with SerialLine(host, number) as serial:
            yield serial
    elif kind == "tcp":
        with socket.create_connection((host, number), timeout=_CONNECT_S) as connection:
            yield connection
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((host, number))
            yield bound
