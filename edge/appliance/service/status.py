"""How the service is, as systemd knows it."""

import shutil
import subprocess
from dataclasses import asdict, dataclass
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.appliance.service.place import NAME, Place

_ASKED = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "sub",
    "Result": "result",
    "StatusText": "text",
    "NRestarts": "restarts",
    "ActiveEnterTimestamp": "since",
}


@dataclass(frozen=True)
class ServiceStatus:
    """systemd's words, and the scan's own line."""

    loaded: str
    """`loaded`, or `not-found` where it is not installed."""
    enabled: str
    """`enabled`: it starts with the machine."""
    active: str
    """`active`, `activating` (until the first frame), `inactive`, `failed`."""
    sub: str
    result: str
    """`success`, or why it failed: `watchdog`, `exit-code`, `start-limit-hit`, `timeout`."""
    text: str
    """What the scan said last: frames/s, findings, what ails the camera."""
    restarts: int
    since: str

    @property
    def installed(self) -> bool:
        return self.loaded != "not-found"

    @property
    def running(self) -> bool:
        return self.active == "active"

    def to_dict(self) -> dict[str, Any]:
        return {"installed": self.installed, "running": self.running, **asdict(self)}


def read_status(place: Place) -> ServiceStatus:
    """Ask systemd.

    Raises CrackscanError where it does not run.
    """
    if shutil.which("systemctl") is None:
        raise CrackscanError("there is no systemd on this machine")
    names = [f"--property={name}" for name in _ASKED]
    user = ["--user"] if place.of_user else []
    done = subprocess.run(
        ["systemctl", *user, "show", NAME, *names],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.returncode:
        raise CrackscanError(f"systemd does not answer: {' '.join(done.stderr.split())}")
    parts = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    values: dict[str, Any] = {field: parts.get(name, "") for name, field in _ASKED.items()}
    values["restarts"] = int(values["restarts"]) if values["restarts"].isdecimal() else 0
    return ServiceStatus(**values)
