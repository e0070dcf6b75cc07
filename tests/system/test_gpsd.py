"""The real gpsd, with a receiver's sentences on a pseudo-terminal, tells the place."""

import os
import pty
import shutil
import socket
import subprocess
import threading
import time
import tty
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import pytest

from crackscan.edge.positioning import Position, open_position


def sentence(body: str) -> bytes:
    """NMEA 0183: the body between $ and *, then the exclusive or of its bytes."""
    check = reduce(lambda sum_, byte: sum_ ^ byte, body.encode(), 0)
    return f"${body}*{check:02X}\r\n".encode()


def second(now: datetime) -> bytes:
    """What a receiver near Zurich says each second."""
    clock, date = now.strftime("%H%M%S.000"), now.strftime("%d%m%y")
    return b"".join(
        map(
            sentence,
            (
                f"GPGGA,{clock},4722.8750,N,00832.4810,E,1,09,0.9,431.2,M,47.9,M,,",
                "GPGSA,A,3,04,05,09,12,17,24,25,28,31,,,,1.6,0.9,1.3",
                "GPGSV,1,1,03,04,61,081,44,05,33,250,40,09,40,300,41",
                f"GPRMC,{clock},A,4722.8750,N,00832.4810,E,0.1,12.3,{date},,,A",
            ),
        )
    )


@pytest.mark.system
def test_a_receiver_behind_the_real_daemon_gives_the_place() -> None:
    program = shutil.which("gpsd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no gpsd on this machine: apt install gpsd")
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    line = Path(os.ttyname(theirs))
    line.chmod(0o666)  # the daemon gives up its rights before it opens the line
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = threading.Event()

    def receive() -> None:
        while not ended.wait(0.5):
            os.write(ours, second(datetime.now(UTC)))

    receiver = threading.Thread(target=receive)
    daemon = subprocess.Popen([program, "-N", "-n", "-S", str(port), str(line)])
    receiver.start()
    try:
        with open_position(f"gpsd://127.0.0.1:{port}") as source:
            position: Position | None = None
            until_s = time.monotonic() + 30
            while position is None and time.monotonic() < until_s:
                time.sleep(0.1)
                position = source.geotag_at(time.monotonic()).position
            assert position is not None, source.describe_state()
            assert position.lat == pytest.approx(47.38125, abs=1e-6)
            assert position.lon == pytest.approx(8.54135, abs=1e-6)
            assert position.altitude_m == pytest.approx(431.2, abs=0.1)
            told = source.satellite_time()
            assert told is not None and abs(told.unix_s - time.time()) < 30
            ended.set()  # the antenna is lost
            time.sleep(6.5)
            assert source.geotag_at(time.monotonic()).position is None
    finally:
        ended.set()
        receiver.join()
        daemon.terminate()
        daemon.wait(10)
        os.close(ours)
        os.close(theirs)
