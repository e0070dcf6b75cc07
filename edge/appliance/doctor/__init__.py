"""Looks at everything that a scan needs on this machine, and says what to do."""

from collections.abc import Callable
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.edge import settings as room
from crackscan.edge.appliance.doctor import devices, machine, software
from crackscan.edge.appliance.doctor.check import Check, State, broken, guarded, ok

__all__ = ["Check", "State", "examine"]


def examine(settings_file: Path | None = None) -> list[Check]:
    """Look at the machine; nothing is changed, and nothing that goes wrong is raised.

    Args:
        settings_file: what a scan would be set by; None: the usual file.
    """
    try:
        settings, settled = room.load(settings_file), _settled(settings_file)
    except CrackscanError as error:
        settings = room.Settings()
        settled = broken("settings", str(error), "correct them; see: crackscan settings --example")
    checks: dict[str, Callable[[], Check]] = {
        "machine": machine.machine,
        "system": software.system,
        "python": software.python,
        "numpy": software.numpy,
        "opencv": software.opencv,
        "pillow": software.pillow,
        "runtime": software.runtime,
        "model": lambda: software.model(settings.model),
        "self-test": lambda: software.self_test(settings.model),
        "settings": lambda: settled,
        "cameras": lambda: devices.cameras(settings.source),
        "permissions": devices.permissions,
        "position": lambda: devices.gps(settings.position),
        "disk": lambda: machine.disk(settings.surveys, settings.reserve_mb),
        "clock": machine.clock,
        "temperature": machine.temperature,
        "power": machine.power,
    }
    return [guarded(name, check) for name, check in checks.items()]


def _settled(file: Path | None) -> Check:
    found = file or next((one for one in room.default_files() if one.is_file()), None)
    return ok("settings", f"{found}" if found else "no file: defaults")
