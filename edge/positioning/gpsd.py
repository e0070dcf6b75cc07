"""Positions from gpsd, the daemon that most GPS receivers on Linux are read by."""

import json
import math
import socket
import time
from datetime import datetime
from typing import Any

from crackscan.edge.positioning.base import POLL_S, STALE_S, Heard, LivePosition, SatelliteTime
from crackscan.edge.positioning.values import (
    Attitude,
    Carrier,
    North,
    Position,
    finite,
    on_earth,
)

PORT = 2947
SILENT_S = 10.0
"""A daemon silent for so long is asked for its version; silent for as long again, it is left."""
_CONNECT_S = 2.0
_LONGEST_LINE = 1 << 16
_WATCH = b'?WATCH={"enable":true,"json":true};\n'
_ASK = b"?VERSION;\n"


class Gpsd(LivePosition):
    """Follows a gpsd by its JSON protocol (gpsd_json(5), protocol 3) over TCP."""

    def __init__(self, name: str, host: str, port: int = PORT, stale_s: float = STALE_S) -> None:
        super().__init__(name, stale_s)
        self.address = (host, port)
        self._fix: tuple[object, object] | None = None
        self._start()

    def _follow(self) -> None:
        with socket.create_connection(self.address, timeout=_CONNECT_S) as connection:
            connection.settimeout(POLL_S)
            connection.sendall(_WATCH)
            rest, heard_s, asked = b"", time.monotonic(), False
            while not self._ended.is_set():
                try:
                    data = connection.recv(_LONGEST_LINE)
                except TimeoutError:
                    silent_s = time.monotonic() - heard_s
                    if silent_s > SILENT_S and not asked:
                        connection.sendall(_ASK)
                        asked = True
                    elif silent_s > 2 * SILENT_S:
                        raise ConnectionError("the daemon is silent") from None
                    continue
                if not data:
                    raise ConnectionError("the daemon closed the connection")
                heard_s, asked = time.monotonic(), False
                *lines, rest = (rest + data).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise ConnectionError("this is no gpsd")
                for line in lines:
                    self._take(line, heard_s)

    def _take(self, line: bytes, heard_s: float) -> None:
        try:
            report = json.loads(line)
        except (ValueError, RecursionError):
            return
        kind = report.get("class") if isinstance(report, dict) else None
        if kind == "VERSION":
            self._connected("no receiver heard yet")
        elif kind == "TPV":
            self._take_fix(report, heard_s)
        elif kind == "ATT":
            self._attitude = Heard(_attitude(report), heard_s)

    def _take_fix(self, report: dict[str, Any], heard_s: float) -> None:
        position = _position(report)
        if position is None:
            self._note = "the receiver has no fix"
            return
        # A daemon may repeat its last fix; a repeated one does not become young again.
        fix = (report.get("device"), report.get("time"))
        if fix == self._fix and fix[1] is not None:
            return
        self._fix = fix
        self._note = "the receiver is silent"
        self._position = Heard(position, heard_s)
        if position.time_s is not None:
            self._time = SatelliteTime(position.time_s, heard_s)


def _position(report: dict[str, Any]) -> Position | None:
    """From a TPV report; None where it has no fix (mode below 2)."""
    mode = finite(report.get("mode"))
    place = on_earth(finite(report.get("lat")), finite(report.get("lon")))
    if mode is None or mode < 2 or place is None:
        return None
    across, along = finite(report.get("epx")), finite(report.get("epy"))
    accuracy_m = finite(report.get("eph"))
    if accuracy_m is None and across is not None and along is not None:
        accuracy_m = math.hypot(across, along)
    altitude_m = None
    if mode >= 3:
        # Before 3.20 there was only `alt`, above mean sea level; `altHAE` is another height.
        altitude_m = finite(report.get("altMSL", report.get("alt")))
    return Position(
        *place,
        source="gpsd",
        accuracy_m=accuracy_m,
        altitude_m=altitude_m,
        vertical_accuracy_m=finite(report.get("epv")) if mode >= 3 else None,
        time_s=_unix_s(report.get("time")),
    )


def _attitude(report: dict[str, Any]) -> Attitude:
    """From an ATT report: a compass with the receiver; `heading` counts from true north."""
    heading, magnetic = finite(report.get("heading")), finite(report.get("mheading"))
    return Attitude(
        magnetic if heading is None else heading,
        finite(report.get("pitch")),
        finite(report.get("roll")),
        carrier=Carrier.VEHICLE,
        north=North.TRUE if heading is not None else North.MAGNETIC,
    )


def _unix_s(text: object) -> float | None:
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return when.timestamp() if when.tzinfo is not None else None
