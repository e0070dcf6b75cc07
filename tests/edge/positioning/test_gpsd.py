"""Reports of gpsd over a real socket become positions, and an old fix never becomes a new one."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from crackscan.edge.positioning import (
    NO_GEOTAG,
    North,
    PositionParameters,
    PositionSource,
    open_position,
)

IMPATIENT = PositionParameters(silent_s=0.2)
VERSION = '{"class":"VERSION","release":"3.20","rev":"3.20","proto_major":3,"proto_minor":14}'
DEVICES = (
    '{"class":"DEVICES","devices":[{"class":"DEVICE","path":"/dev/ttyACM0","driver":"u-blox",'
    '"subtype":"SW 1.00 (59842),HW 00070000","activated":"2021-09-02T19:13:12.267Z","flags":1,'
    '"native":1,"bps":9600,"parity":"N","stopbits":1,"cycle":1.00,"mincycle":0.25}]}'
)
WATCH = (
    '{"class":"WATCH","enable":true,"json":true,"nmea":false,"raw":0,"scaled":false,'
    '"timing":false,"split24":false,"pps":false}'
)
NO_FIX = '{"class":"TPV","device":"/dev/ttyACM0","mode":1}'
FIX = (
    '{"class":"TPV","device":"/dev/ttyACM0","status":2,"mode":3,"time":"2022-12-30T02:15:55.000Z",'
    '"leapseconds":18,"ept":0.005,"lat":25.018763400,"lon":121.541787000,"altHAE":54.993,'
    '"altMSL":37.934,"alt":37.934,"epx":3.316,"epy":3.502,"epv":11.333,"track":64.0314,'
    '"magtrack":261.4915,"magvar":-4.6,"speed":0.044,"climb":-0.046,"eps":0.67,"epc":31.75,'
    '"geoidSep":19.364,"eph":8.355,"sep":90.440}'
)
OLD_DAEMON = (  # 3.17: no eph, no altMSL
    '{"class":"TPV","device":"/dev/ttyO4","mode":3,"time":"2021-08-13T12:25:01.000Z","ept":0.005,'
    '"lat":51.813525983,"lon":6.550081367,"alt":63.037,"epx":3.000,"epy":4.000,"epv":21.390,'
    '"track":211.3400,"speed":0.000,"climb":0.000,"eps":62.58,"epc":42.78}'
)
COMPASS = (
    '{"class":"ATT","device":"/dev/ttyUSB0","time":"2010-04-30T11:47:20.000Z","heading":14223.00,'
    '"mag_st":"N","pitch":169.00,"pitch_st":"N","roll":-43.00,"roll_st":"N","dip":13641.000}'
).replace("14223.00", "142.23")


class Daemon:
    """Behaves as gpsd does: greets, waits for ?WATCH, then sends what the test asks for."""

    def __init__(self, port: int = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self.listener.getsockname()[1]
        self.asked: list[str] = []
        self.clients: list[socket.socket] = []
        self.watched = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.clients.append(client)
            client.sendall(f"{VERSION}\r\n".encode())
            with contextlib.suppress(OSError), client.makefile() as lines:
                for line in lines:
                    self.asked.append(line.strip())
                    if line.startswith("?WATCH"):
                        client.sendall(f"{DEVICES}\r\n{WATCH}\r\n".encode())
                        self.watched.set()
                    elif line.startswith("?VERSION"):
                        client.sendall(f"{VERSION}\r\n".encode())

    def send_lines(self, *lines: str | bytes) -> None:
        assert self.watched.wait(5)
        data = b"".join(x if isinstance(x, bytes) else x.encode() + b"\r\n" for x in lines)
        self.clients[-1].sendall(data)

    def stop(self) -> None:
        # close() alone would leave accept() waiting in the other thread.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self.thread.join(5)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    daemon.stop()


@pytest.fixture
def receiver(daemon: Daemon) -> Iterator[PositionSource]:
    with open_position(f"gpsd://127.0.0.1:{daemon.port}") as source:
        yield source


def until(true: Callable[[], object], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def has_position(source: PositionSource) -> bool:
    return source.geotag_at(time.monotonic()).position is not None


def test_a_fix_has_coordinates_height_accuracy_age_and_time(
    daemon: Daemon, receiver: PositionSource
) -> None:
    daemon.send_lines(NO_FIX, FIX)
    until(lambda: has_position(receiver))
    position = receiver.geotag_at(time.monotonic() + 2.0).position
    assert position is not None and position.age_s is not None
    assert (position.lat, position.lon) == (25.0187634, 121.541787)
    assert (position.altitude_m, position.accuracy_m) == (37.934, 8.355)
    assert position.vertical_accuracy_m == 11.333
    assert position.time_s == 1672366555.0
    assert position.source == "gpsd"
    assert 2.0 <= position.age_s < 3.5
    assert json.loads(daemon.asked[0].removeprefix("?WATCH=").rstrip(";"))["json"] is True
    assert receiver.describe_state() == "position within 8.4 m"
    received = receiver.satellite_time()
    assert received is not None and received.unix_s == 1672366555.0


def test_the_reports_of_an_older_daemon_are_read(daemon: Daemon, receiver: PositionSource) -> None:
    daemon.send_lines(OLD_DAEMON)
    until(lambda: has_position(receiver))
    position = receiver.geotag_at(time.monotonic()).position
    assert position is not None
    assert (position.altitude_m, position.accuracy_m) == (63.037, 5.0)


def test_a_compass_gives_the_heading(daemon: Daemon, receiver: PositionSource) -> None:
    daemon.send_lines(COMPASS)
    until(lambda: receiver.geotag_at(time.monotonic()).attitude)
    attitude = receiver.geotag_at(time.monotonic()).attitude
    assert attitude is not None
    assert (attitude.heading_deg, attitude.pitch_deg, attitude.roll_deg) == (142.23, 169.0, -43.0)
    assert attitude.north is North.TRUE


def test_without_a_fix_there_is_no_position(daemon: Daemon, receiver: PositionSource) -> None:
    zero = FIX.replace("25.018763400", "0.0").replace("121.541787000", "0.0")
    outside = FIX.replace("25.018763400", "95.0")
    nan = FIX.replace("25.018763400", "NaN")
    daemon.send_lines(NO_FIX, zero, outside, nan, NO_FIX)
    until(lambda: receiver.describe_state() == "the receiver has no fix")
    assert receiver.geotag_at(time.monotonic()) == NO_GEOTAG


def test_a_stale_fix_is_dropped_and_a_repeated_one_stays_old(
    daemon: Daemon, receiver: PositionSource
) -> None:
    daemon.send_lines(FIX)
    until(lambda: has_position(receiver))
    first_s = time.monotonic()
    time.sleep(0.3)
    daemon.send_lines(FIX, COMPASS)  # the same fix once more, as after the antenna was covered
    until(lambda: receiver.geotag_at(time.monotonic()).attitude)
    position = receiver.geotag_at(first_s + 4.0).position
    assert position is not None and position.age_s is not None and position.age_s >= 4.0
    assert receiver.geotag_at(first_s + 5.6).position is None


def test_noise_between_reports_is_skipped(daemon: Daemon, receiver: PositionSource) -> None:
    daemon.send_lines(b"\xff\xfe\x00\r\n", "{}", "[1]", '{"class":', "$GPGGA,1", "[" * 2000, FIX)
    until(lambda: has_position(receiver))


def test_a_line_without_end_does_not_fill_memory(daemon: Daemon, receiver: PositionSource) -> None:
    daemon.watched.wait(5)
    with contextlib.suppress(OSError):
        daemon.send_lines(b"x" * 300_000)
    until(lambda: "this is not a gpsd" in receiver.describe_state())


def test_a_daemon_that_restarts_is_connected_again(
    daemon: Daemon, receiver: PositionSource
) -> None:
    daemon.send_lines(OLD_DAEMON)
    until(lambda: has_position(receiver))
    daemon.stop()
    second = Daemon(daemon.port)
    try:
        second.send_lines(FIX)
        until(lambda: (p := receiver.geotag_at(time.monotonic()).position) and p.lat == 25.0187634)
    finally:
        second.stop()


def test_a_daemon_without_a_receiver_is_asked_for_its_version_and_kept(
    daemon: Daemon,
) -> None:
    with open_position(f"gpsd://127.0.0.1:{daemon.port}", parameters=IMPATIENT) as source:
        until(lambda: daemon.asked.count("?VERSION;") >= 2)
        assert len(daemon.clients) == 1 and source.describe_state() == "no receiver heard yet"


def test_a_daemon_that_never_answers_is_left() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        open_position(f"gpsd://127.0.0.1:{mute.getsockname()[1]}", parameters=IMPATIENT) as source,
    ):
        until(lambda: source.describe_state() == "not connected: the daemon is silent")


def test_a_refused_connection_is_reported_and_blocks_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began_s = time.monotonic()
    with open_position(f"gpsd://127.0.0.1:{port}") as source:
        assert source.geotag_at(time.monotonic()) == NO_GEOTAG
        until(lambda: source.describe_state() == "not connected: Connection refused")
    assert time.monotonic() - began_s < 3
    assert not [one for one in threading.enumerate() if one.name.startswith("position ")]
