"""The machine under a scan: board, heat, power, disk and clock."""

import os
import time
from pathlib import Path

from crackscan.edge.appliance.doctor.check import Check, report_broken, report_ok, report_warning
from crackscan.edge.device.health import (
    HOT_C,
    ROOT,
    Throttling,
    read_board_name,
    read_throttling,
    temperature_c,
)
from crackscan.edge.positioning.clock import EARLIEST_S, Clock, ClockSource

_MB = 1_000_000
_ROOMY = 4
"""Reserves that should be free when a survey begins."""


def check_machine(root: Path = ROOT) -> Check:
    cores = len(os.sched_getaffinity(0))
    return report_ok("machine", f"{read_board_name(root)}, {cores} core{'s' * (cores != 1)}")


def check_temperature(root: Path = ROOT) -> Check:
    degrees = temperature_c(root)
    if degrees is None:
        return report_ok("temperature", "this machine does not report it")
    if degrees < HOT_C:
        return report_ok("temperature", f"{degrees:.0f} °C")
    return report_warning(
        "temperature",
        f"{degrees:.0f} °C: from {HOT_C:.0f} °C on the clock is lowered",
        "give it a heat sink or a fan, or shade",
    )


def check_power(root: Path = ROOT) -> Check:
    """Undervoltage and throttling of a Raspberry Pi."""
    bits = read_throttling(root)
    if bits is None:
        return report_ok("power", "this machine does not report it (only a Raspberry Pi does)")
    if not bits:
        return report_ok("power", "no undervoltage, no throttling since start")
    found = ", ".join(bits.words) or f"unknown bits {bits:#x}"
    if bits & (Throttling.UNDERVOLTAGE | Throttling.UNDERVOLTAGE_BEFORE):
        return report_warning(
            "power",
            found,
            "use the official supply and a short, thick cable: undervoltage slows the board, drops"
            " cameras and damages SD cards",
        )
    return report_warning(
        "power", found, "it was slowed down by heat: give it a heat sink or a fan"
    )


def check_disk(surveys: str, reserve_mb: int) -> Check:
    """Free space where surveys go, and whether this user may write there.

    Args:
        surveys: the folder, which need not exist yet; empty: the working folder.
        reserve_mb: below it no picture is kept.
    """
    folder = Path(surveys or ".").resolve()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir():
        return report_broken("disk", f"{there} is not a folder", "name another folder for surveys")
    state = os.statvfs(there)
    free_mb = state.f_bavail * state.f_frsize / _MB
    found = f"{free_mb / 1000:.1f} GB free for {folder}"
    if state.f_flag & os.ST_RDONLY:
        return report_broken(
            "disk",
            f"{there} is on a file system that is read-only",
            "mount it for writing; an SD card that turned read-only is worn out",
        )
    if free_mb < reserve_mb:
        return report_broken(
            "disk",
            f"{found}, less than the reserve of {reserve_mb} MB: no picture would be kept",
            "delete or move old surveys: crackscan surveys",
        )
    if not os.access(there, os.W_OK | os.X_OK):
        return report_warning(
            "disk", f"{found}; not writable for this user", f"run as owner of {there}"
        )
    if free_mb < _ROOMY * reserve_mb:
        return report_warning(
            "disk", f"{found}: pictures stop at {reserve_mb} MB", "delete or move old surveys"
        )
    return report_ok("disk", found)


def check_clock(root: Path = ROOT) -> Check:
    now = Clock(root=root).now()
    found = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now.wall_s))
    if now.wall_s < EARLIEST_S:
        return report_warning(
            "clock",
            f"{found} is in the past",
            "connect to a network once, use a GPS receiver, or fit a clock battery",
        )
    if now.wall_from is ClockSource.NTP:
        return report_ok("clock", f"{found}, synchronised")
    if now.wall_from is ClockSource.RTC:
        return report_ok("clock", f"{found}, from the clock chip, not synchronised now")
    return report_warning(
        "clock",
        f"{found}, set by nobody that the system knows of",
        "times are recorded as uncertain: connect to a network once, or use a GPS receiver",
    )
