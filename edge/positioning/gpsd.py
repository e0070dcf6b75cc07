"""Positions from gpsd, the daemon that reads most GPS receivers on Linux."""

import json
import math
import socket
import time
from datetime import datetime
from typing import Any

from crackscan.edge.positioning.geotag import (
    Attitude,
    Carrier,
    North,
    Position,
    finite_number,
    valid_coordinates,
)
from crackscan.edge.positioning.live_source import LivePosition, Received
from crackscan.edge.positioning.parameters import PARAMETERS, PositionParameters
from crackscan.edge.positioning.source import SatelliteTime

DEFAULT_PORT = 2947
_MAX_LINE_BYTES = 1 << 16
_WATCH = b'?WATCH={"enable":true,"json":true};\n'
_ASK_VERSION = b"?VERSION;\n"


class GpsdPosition(LivePosition):
    """Reads a gpsd by its JSON protocol (gpsd_json(5), protocol 3) over TCP."""

    def __init__(
        self,
        name: str,
        host: str,
        port: int = DEFAULT_PORT,
        parameters: PositionParameters = PARAMETERS,
    ) -> None:
        super().__init__(name, parameters)
        self.address = (host, port)
        self._last_fix: tuple[object, object] | None = None
        self._start_thread()

    def _read_reports(self) -> None:
        limits = self.parameters
        with socket.create_connection(self.address, limits.connect_timeout_s) as connection:
            connection.settimeout(limits.poll_s)
            connection.sendall(_WATCH)
            rest, received_s, asked = b"", time.monotonic(), False
            while not self._ended.is_set():
                try:
                    data = connection.recv(_MAX_LINE_BYTES)
                except TimeoutError:
                    silent_s = time.monotonic() - received_s
                    if silent_s > limits.silent_s and not asked:
                        connection.sendall(_ASK_VERSION)
                        asked = True
                    elif silent_s > 2 * limits.silent_s:
                        raise ConnectionError("the daemon is silent") from None
                    continue
                if not data:
                    raise ConnectionError("the daemon closed the connection")
                received_s, asked = time.monotonic(), False
                *lines, rest = (rest + data).split(b"\n")
                if len(rest) > _MAX_LINE_BYTES:
                    raise ConnectionError("this is not a gpsd")
                for line in lines:
                    self._handle_report(line, received_s)

    def _handle_report(self, line: bytes, received_s: float) -> None:
        try:
            report = json.loads(line)
        except (ValueError, RecursionError):
            return
        kind = report.get("class") if isinstance(report, dict) else None
        if kind == "VERSION":
            self._note_connection("no receiver heard yet")
        elif kind == "TPV":
            self._handle_fix(report, received_s)
        elif kind == "ATT":
            self._attitude = Received(_parse_attitude(report), received_s)

    def _handle_fix(self, report: dict[str, Any], received_s: float) -> None:
        position = _parse_position(report)
        if position is None:
            self._note = "the receiver has no fix"
            return
        # A daemon may repeat its last fix; the repeated one is as old as the first.
        fix = (report.get("device"), report.get("time"))
        if fix == self._last_fix and fix[1] is not None:
            return
        self._last_fix = fix
        self._note = "the receiver is silent"
        self._position = Received(position, received_s)
        if position.time_s is not None:
            self._time = SatelliteTime(position.time_s, received_s)


def _parse_position(report: dict[str, Any]) -> Position | None:
    """The position of a TPV report; None if it has no fix (mode below 2)."""
    mode = finite_number(report.get("mode"))
    coordinates = valid_coordinates(
        finite_number(report.get("lat")), finite_number(report.get("lon"))
    )
    if mode is None or mode < 2 or coordinates is None:
        return None
    across, along = finite_number(report.get("epx")), finite_number(report.get("epy"))
    accuracy_m = finite_number(report.get("eph"))
    if accuracy_m is None and across is not None and along is not None:
        accuracy_m = math.hypot(across, along)
    altitude_m = None
    if mode >= 3:
        # Before 3.20 there was only `alt`, above mean sea level; `altHAE` is another height.
        altitude_m = finite_number(report.get("altMSL", report.get("alt")))
    return Position(
        *coordinates,
        source="gpsd",
        accuracy_m=accuracy_m,
        altitude_m=altitude_m,
        vertical_accuracy_m=finite_number(report.get("epv")) if mode >= 3 else None,
        time_s=_parse_time(report.get("time")),
    )


def _parse_attitude(report: dict[str, Any]) -> Attitude:
    """The attitude of an ATT report, of a compass; `heading` counts from true north."""
    heading, magnetic = finite_number(report.get("heading")), finite_number(report.get("mheading"))
    return Attitude(
        magnetic if heading is None else heading,
        finite_number(report.get("pitch")),
        finite_number(report.get("roll")),
        carrier=Carrier.VEHICLE,
        north=North.TRUE if heading is not None else North.MAGNETIC,
    )


def _parse_time(text: object) -> float | None:
    """Unix time of an ISO 8601 text with a zone; None for anything else."""
    try:
        time_of_fix = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time_of_fix.timestamp() if time_of_fix.tzinfo is not None else None
