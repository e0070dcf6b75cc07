"""Checks everything that a scan needs on this machine, and says what to do."""

from collections.abc import Callable
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.edge import settings as room
from crackscan.edge.appliance.doctor import devices, machine, software
from crackscan.edge.appliance.doctor.check import (
    Check,
    State,
    report_broken,
    report_ok,
    run_guarded,
)

__all__ = ["Check", "State", "examine_machine"]


def examine_machine(settings_file: Path | None = None) -> list[Check]:
    """Check the machine; nothing is changed, and nothing that goes wrong is raised.

    Args:
        settings_file: what a scan would be set by; None: the usual file.
    """
    try:
        settings, settled = room.load_settings(settings_file), _settled(settings_file)
    except CrackscanError as error:
        settings = room.Settings()
        settled = report_broken(
            "settings", str(error), "correct them; see: crackscan settings --example"
        )
    checks: dict[str, Callable[[], Check]] = {
        "machine": machine.check_machine,
        "system": software.check_system,
        "python": software.check_python,
        "numpy": software.check_numpy,
        "opencv": software.check_opencv,
        "pillow": software.check_pillow,
        "runtime": software.check_runtime,
        "model": lambda: software.check_model(settings.model),
        "self-test": lambda: software.check_self_test(settings.model),
        "settings": lambda: settled,
        "cameras": lambda: devices.check_cameras(settings.source),
        "permissions": devices.check_permissions,
        "position": lambda: devices.check_position(settings.position),
        "disk": lambda: machine.check_disk(settings.surveys, settings.reserve_mb),
        "clock": machine.check_clock,
        "temperature": machine.check_temperature,
        "power": machine.check_power,
    }
    return [run_guarded(name, check) for name, check in checks.items()]


def _settled(file: Path | None) -> Check:
    found = file or next((one for one in room.default_files() if one.is_file()), None)
    return report_ok("settings", f"{found}" if found else "no file: defaults")
