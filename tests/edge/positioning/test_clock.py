"""The clock gives the time and its source."""

import time
from pathlib import Path

import pytest

from crackscan.edge.positioning import SatelliteTime
from crackscan.edge.positioning.clock import (
    EARLIEST_S,
    Clock,
    ClockSource,
    is_synchronized,
    read_boot_id,
)


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The parts of a Raspberry Pi's system that describe its clock: no chip, not synchronized."""
    (tmp_path / "sys/class/rtc").mkdir(parents=True)
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("4ab1-boot\n")
    return tmp_path


def chip(pi: Path, mark: str) -> None:
    (pi / "sys/class/rtc/rtc0").mkdir()
    (pi / "sys/class/rtc/rtc0/hctosys").write_text(mark)


def test_a_clock_that_was_never_set_is_not_trusted(pi: Path) -> None:
    now = Clock(root=pi).instant_at(10.0, 1_800_000_000.0)
    assert (now.monotonic_s, now.wall_s, now.wall_from) == (
        10.0,
        1_800_000_000.0,
        ClockSource.UNKNOWN,
    )


@pytest.mark.parametrize(
    ("mark", "origin"), [("1\n", ClockSource.RTC), ("0\n", ClockSource.UNKNOWN)]
)
def test_a_clock_chip_counts_if_the_kernel_read_it(
    pi: Path, mark: str, origin: ClockSource
) -> None:
    chip(pi, mark)
    assert Clock(root=pi).now().wall_from == origin


def test_satellite_time_precedes_the_systems_and_runs_on(pi: Path) -> None:
    chip(pi, "1")
    clock = Clock(lambda: SatelliteTime(1_800_000_500.0, monotonic_s=100.0), pi)
    now = clock.instant_at(160.0, 12345.0)
    assert now.wall_from == ClockSource.GPS
    assert now.wall_s == 1_800_000_560.0


def test_a_receiver_with_a_week_number_rollover_is_not_trusted(pi: Path) -> None:
    weeks_1024_s = 1024 * 7 * 86400
    clock = Clock(lambda: SatelliteTime(EARLIEST_S + 1000 - weeks_1024_s, 100.0), pi)
    assert clock.instant_at(160.0, 12345.0).wall_from == ClockSource.UNKNOWN


def test_network_time_precedes_all_others(pi: Path) -> None:
    chip(pi, "1")
    clock = Clock(lambda: SatelliteTime(1_800_000_500.0, 100.0), pi)
    (pi / "run/systemd/timesync/synchronized").touch()
    now = clock.instant_at(160.0, 1_800_000_000.0)
    assert (now.wall_s, now.wall_from) == (1_800_000_000.0, ClockSource.NTP)


def test_the_kernel_reports_the_state_of_this_machines_clock() -> None:
    before = time.monotonic()
    now = Clock().now()
    assert before <= now.monotonic_s <= time.monotonic()
    assert (now.wall_from == ClockSource.NTP) == is_synchronized()
    assert abs(now.wall_s - time.time()) < 5


def test_a_run_of_the_machine_has_an_identifier(pi: Path) -> None:
    assert read_boot_id(pi) == "4ab1-boot"
    assert read_boot_id() == read_boot_id() != read_boot_id(pi)
    assert read_boot_id(pi / "missing") == "unknown"
