"""Messages of an autopilot, encoded by pymavlink, over real sockets and a real serial line."""

import contextlib
import os
import pty
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crackscan.core.errors import PositionError
from crackscan.edge.positioning import (
    Carrier,
    PositionParameters,
    PositionSource,
    open_position,
)

v1 = pytest.importorskip("pymavlink.dialects.v10.common", reason="the mavlink extra is missing")
v2 = pytest.importorskip("pymavlink.dialects.v20.common")

UNIX_US = 1_800_000_000_000_000
Send = Callable[[bytes], object]


def sender(version: Any = v2, system: int = 1) -> Any:
    return version.MAVLink(None, srcSystem=system, srcComponent=1)


def fix(link: Any, kind: int = 3, accuracy_mm: int = 1500) -> bytes:
    extra = {"h_acc": accuracy_mm} if link.__class__.__module__.endswith("v20.common") else {}
    args = (UNIX_US, kind, 473977000, 85455000, 520000, 90, 120, 0, 0, 12)
    packed: bytes = link.gps_raw_int_encode(*args, **extra).pack(link)
    return packed


def position(link: Any, lat: float = 47.3977, lon: float = 8.5455, boot_ms: int = 61_000) -> bytes:
    message = link.global_position_int_encode(
        boot_ms, round(lat * 1e7), round(lon * 1e7), 520_000, 31_500, 0, 0, 0, 27_050
    )
    packed: bytes = message.pack(link)
    return packed


def attitude(link: Any) -> bytes:
    packed: bytes = link.attitude_encode(61_000, -0.05, 0.1, -1.5, 0, 0, 0).pack(link)
    return packed


def distance(link: Any, cm: int = 342, orientation: int = 0) -> bytes:
    packed: bytes = link.distance_sensor_encode(61_000, 20, 4000, cm, 0, 1, orientation, 0).pack(
        link
    )
    return packed


def clock(link: Any) -> bytes:
    packed: bytes = link.system_time_encode(UNIX_US, 60_000).pack(link)
    return packed


@pytest.fixture
def udp(request: pytest.FixtureRequest) -> Iterator[tuple[PositionSource, Send]]:
    parameters = getattr(request, "param", PositionParameters())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        open_position(f"mavlink:udp:127.0.0.1:{port}", parameters=parameters) as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as drone,
    ):
        until(lambda: source.describe_state() == "no autopilot heard yet")
        yield source, lambda data: drone.sendto(data, ("127.0.0.1", port))


def until(true: Callable[[], object], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def geotag_now(source: PositionSource) -> Any:
    return source.geotag_at(time.monotonic())


def test_all_reports_of_an_autopilot_are_read(udp: tuple[PositionSource, Send]) -> None:
    source, send = udp
    link = sender()
    for data in (clock(link), fix(link), attitude(link), distance(link), position(link)):
        send(data)
    until(lambda: geotag_now(source).position and geotag_now(source).distance)
    geotag = geotag_now(source)
    assert (geotag.position.lat, geotag.position.lon) == pytest.approx((47.3977, 8.5455), abs=1e-7)
    assert (geotag.position.altitude_m, geotag.position.relative_altitude_m) == (520.0, 31.5)
    assert geotag.position.accuracy_m == 1.5
    assert geotag.position.time_s == UNIX_US / 1e6 + 1.0
    assert 0 <= geotag.position.age_s < 2
    assert geotag.attitude.heading_deg == pytest.approx(274.056, abs=0.01)
    assert geotag.attitude.pitch_deg == pytest.approx(5.730, abs=0.01)
    assert geotag.attitude.roll_deg == pytest.approx(-2.865, abs=0.01)
    assert geotag.attitude.carrier is Carrier.VEHICLE
    assert (geotag.distance.value_m, geotag.distance.source) == (3.42, "rangefinder")
    assert source.satellite_time().unix_s == UNIX_US / 1e6
    later = source.geotag_at(time.monotonic() + 6)
    assert later.position is None and later.attitude is None and later.distance is None


def test_the_first_version_of_the_protocol_is_read_too(udp: tuple[PositionSource, Send]) -> None:
    source, send = udp
    link = sender(v1)
    send(fix(link) + position(link))
    until(lambda: geotag_now(source).position)
    assert geotag_now(source).position.accuracy_m is None
    assert (
        geotag_now(source).attitude.heading_deg == 270.5
        and geotag_now(source).attitude.pitch_deg is None
    )
    send(attitude(link))
    until(lambda: geotag_now(source).attitude.pitch_deg is not None)


def test_an_autopilot_without_a_fix_has_no_position(udp: tuple[PositionSource, Send]) -> None:
    source, send = udp
    link = sender()
    send(position(link, 0.0, 0.0))  # what is sent before the first fix
    until(lambda: source.describe_state() == "the autopilot has no fix")
    send(fix(link, kind=1) + position(link) + attitude(link))  # dead reckoning
    until(lambda: geotag_now(source).attitude)
    assert geotag_now(source).position is None


@pytest.mark.parametrize(
    ("cm", "orientation"), [(342, 25), (10, 0), (5000, 0), (0, 0)]
)  # points down, too near, too far, no reading
def test_a_reading_that_is_not_of_the_wall_is_not_a_distance(
    udp: tuple[PositionSource, Send], cm: int, orientation: int
) -> None:
    source, send = udp
    link = sender()
    send(distance(link, cm, orientation))
    send(attitude(link))
    until(lambda: geotag_now(source).attitude)
    assert geotag_now(source).distance is None


def test_noise_and_another_drone_do_not_disturb(udp: tuple[PositionSource, Send]) -> None:
    source, send = udp
    first, other = sender(system=1), sender(system=9)
    send(position(first))
    until(lambda: geotag_now(source).position)
    broken = bytearray(position(first, 10.0, 10.0))
    broken[12] ^= 0xFF
    send(os.urandom(300) + bytes(broken))
    send(b"")
    # Noise may look like the beginning of a long message: what follows is taken for its end.
    seen = set()
    for number in range(60):
        send(position(other, 20.0, 20.0) + position(first, 47.5, boot_ms=number))
        time.sleep(0.01)
        seen.add(geotag_now(source).position.lat)
    assert 47.5 in seen and seen <= {47.3977, 47.5}


def test_an_autopilot_that_leaves_is_connected_again_over_tcp() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with listener, open_position(f"mavlink:tcp:127.0.0.1:{port}") as source:
        for lat in (47.1, 47.2):
            client, _ = listener.accept()
            with client:
                client.sendall(position(sender(), lat))
                until(lambda lat=lat: (p := geotag_now(source).position) and p.lat == lat)


def test_a_serial_line_is_read() -> None:
    ours, theirs = pty.openpty()
    try:
        with open_position(f"mavlink:{os.ttyname(theirs)}:57600") as source:
            until(lambda: source.describe_state() == "no autopilot heard yet")
            os.write(ours, position(sender()) + attitude(sender()))
            until(lambda: geotag_now(source).position and geotag_now(source).attitude)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/no-such-line"])
def test_a_device_that_is_not_a_line_is_reported_and_tried_again(path: str) -> None:
    with open_position(f"mavlink:{path}:57600") as source:
        until(lambda: source.describe_state().startswith("not connected: "))
    assert not [one for one in threading.enumerate() if one.name.startswith("position ")]


@pytest.mark.parametrize("udp", [PositionParameters(silent_s=0.2)], indirect=True)
def test_after_silence_another_system_is_read(udp: tuple[PositionSource, Send]) -> None:
    source, send = udp
    send(position(sender(system=1)))
    until(lambda: geotag_now(source).position)
    end = time.monotonic() + 5
    while geotag_now(source).position.lat != 20.0 and time.monotonic() < end:
        time.sleep(1.2)
        send(position(sender(system=9), 20.0, 20.0))
        with contextlib.suppress(AssertionError):
            until(lambda: geotag_now(source).position.lat == 20.0, 0.3)
    assert geotag_now(source).position.lat == 20.0


def test_without_pymavlink_the_message_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymavlink.dialects.v20", None)
    with pytest.raises(PositionError, match=r"pip install 'crackscan\[mavlink\]'"):
        open_position("mavlink:udp:127.0.0.1:14550")
