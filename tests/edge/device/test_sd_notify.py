"""What systemd hears of a scan, over a real socket."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crackscan.edge.device.sd_notify import ServiceNotifier


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager's end of the line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.delenv("WATCHDOG_USEC", raising=False)
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    manager.setblocking(False)
    told = []
    while True:
        try:
            told.append(manager.recv(4096).decode())
        except BlockingIOError:
            return told


def test_a_scan_tells_when_it_runs_how_it_is_and_that_it_ends(manager: socket.socket) -> None:
    notify = ServiceNotifier()
    notify.report_ready()
    notify.report_status("8.1 frames/s,\n3 findings")
    notify.report_status("8.1 frames/s, 3 findings")
    notify.report_status("8.0 frames/s, 4 findings")
    notify.report_stopping()
    notify.close()
    assert heard(manager) == [
        "READY=1",
        "STATUS=8.1 frames/s, 3 findings",
        "STATUS=8.0 frames/s, 4 findings",
        "STOPPING=1",
    ]


def test_the_watchdog_hears_each_quarter_of_its_time_however_fast_the_frames_come(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    now_s = 100.0
    monkeypatch.setattr("crackscan.edge.device.sd_notify.time.monotonic", lambda: now_s)
    notify = ServiceNotifier()
    assert notify.watchdog_s == 2.0
    for _ in range(200):  # 2 s at 100 frames/s
        notify.feed_watchdog()
        now_s += 0.01
    notify.close()
    assert heard(manager) == ["WATCHDOG=1"] * 4


def test_a_scan_that_waits_for_pictures_ends_the_watchdog(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    notify = ServiceNotifier()
    notify.end_watchdog()
    notify.feed_watchdog()
    notify.end_watchdog()
    notify.close()
    assert heard(manager) == ["WATCHDOG_USEC=0"]


@pytest.mark.parametrize(
    ("microseconds", "pid"), [("", ""), ("2000000", "1"), ("soon", ""), ("0", "")]
)
def test_a_watchdog_that_is_not_ours_is_not_fed(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch, microseconds: str, pid: str
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    notify = ServiceNotifier()
    notify.feed_watchdog()
    notify.report_ready()
    notify.close()
    assert notify.watchdog_s is None and heard(manager) == ["READY=1"]


def test_a_name_without_a_file_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"crackscan-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify = ServiceNotifier()
        notify.report_ready()
        notify.close()
        assert heard(listening) == ["READY=1"]


@pytest.mark.parametrize("name", ["", "/nowhere/notify", "vsock:2:1"])
def test_nobody_listening_is_no_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    notify = ServiceNotifier()
    notify.report_ready()
    notify.feed_watchdog()
    notify.report_status("alive")
    notify.report_stopping()
    notify.close()
    notify.report_stopping()


def test_a_manager_that_reads_nothing_does_not_hold_up_the_scan(manager: socket.socket) -> None:
    notify = ServiceNotifier()
    for number in range(2000):  # more than a socket holds
        notify.report_status(f"frame {number}")
    notify.close()
    assert 0 < len(heard(manager)) < 2000


def test_a_child_of_the_scan_does_not_speak_for_it(manager: socket.socket) -> None:
    """`vcgencmd` and the like inherit no socket."""
    notify = ServiceNotifier()
    program = "import os, sys; print(len(os.listdir('/proc/self/fd')))"
    alone = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    notify.close()
    after = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert alone.stdout == after.stdout
    assert heard(manager) == []
