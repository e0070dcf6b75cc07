"""Puts a scan's service into place, and takes it away."""

import os
import shutil
import subprocess
from pathlib import Path

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.edge.appliance.service.place import NAME, USER, Place, demand_open
from crackscan.edge.appliance.service.unit import format_sysusers, format_unit
from crackscan.edge.settings import Settings, format_example, load_settings, toml_of

_RUNNING = Path("run/systemd/system")
_TIMEOUT_S = 90


def install_service(
    place: Place, program: Path, source: str | None = None, start: bool = True
) -> bool:
    """Install the service, or renew it; settings that are there stay as they are.

    Args:
        program: the `crackscan` that the service runs.
        source: what is scanned; needed where there is no settings file yet, which is then made.
        start: start it, or start it again; where systemd runs.

    Returns:
        Whether it was started.

    Raises:
        CrackscanError: not allowed, no systemd, settings that are wrong or name no source, or a
            program that the service's user could not reach.
    """
    _demand(place)
    if not place.of_user and place.root == Path("/"):
        demand_open(program)
    settings = _settings(place, source)
    surveys = Path(settings.surveys)
    if place.sysusers is not None:
        _write(place.inside(place.sysusers), format_sysusers(place))
        _run(place, "systemd-sysusers", *_root(place), str(place.inside(place.sysusers)))
    else:
        surveys.mkdir(parents=True, exist_ok=True)
    _write(place.inside(place.unit), format_unit(place, program, surveys))
    if _runs(place):
        _systemctl(place, "daemon-reload")
    _systemctl(place, "enable", NAME)
    if not (start and _runs(place)):
        return False
    _systemctl(place, "restart", NAME, "--no-block")
    return True


def uninstall_service(place: Place) -> bool:
    """Stop the service and remove it; surveys, models, settings and the user stay.

    Returns:
        Whether there was one.
    """
    _demand(place)
    there = place.inside(place.unit).exists()
    if there:
        _systemctl(place, "disable", *(["--now"] if _runs(place) else []), NAME)
        place.inside(place.unit).unlink(missing_ok=True)
        if _runs(place):
            _systemctl(place, "daemon-reload")
    if place.sysusers is not None:
        place.inside(place.sysusers).unlink(missing_ok=True)
    return there


def _demand(place: Place) -> None:
    if shutil.which("systemctl") is None:
        raise CrackscanError("there is no systemd on this machine, so no service can be installed")
    if not place.of_user and os.geteuid() != 0:
        raise CrackscanError(
            "a service of the machine is installed by root: sudo crackscan service install;"
            " or give --user for a service of your own"
        )


def _settings(place: Place, source: str | None) -> Settings:
    """The settings that the service will have; made where there are none."""
    file = place.inside(place.settings)
    if not file.exists():
        if source is None:
            raise CrackscanError(
                "say what is scanned: crackscan service install --source /dev/video0"
                " (or picamera:0, rtsp://...)"
            )
        _write(file, _first_settings(place, source))
    settings = load_settings(file, environment={})
    if source is not None and settings.source != source:
        raise CrackscanError(f"{file} names another source, {settings.source!r}: change it there")
    for key in ("source", "surveys"):
        if not getattr(settings, key):
            raise CrackscanError(f"{file} must set {key}; see: crackscan settings --example")
    if not Path(settings.surveys).is_absolute():
        raise CrackscanError(f"{file}: surveys must begin with /, not {settings.surveys!r}")
    return settings


def _first_settings(place: Place, source: str) -> str:
    """The example, with source and surveys set."""
    lines = []
    for line in format_example().splitlines():
        for key, value in (("source", source), ("surveys", str(place.surveys))):
            if line.startswith(f"# {key} = "):
                line = f"{key} = {toml_of(value)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    path.chmod(0o644)


def _root(place: Place) -> list[str]:
    return [] if place.root == Path("/") else [f"--root={place.root}"]


def _runs(place: Place) -> bool:
    """Whether systemd runs this machine; in a chroot or an image it does not."""
    return place.root == Path("/") and (place.root / _RUNNING).is_dir()


def _systemctl(place: Place, *arguments: str) -> None:
    _run(place, "systemctl", *(["--user"] if place.of_user else []), *_root(place), *arguments)


def _run(place: Place, *command: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise CrackscanError(f"there is no {command[0]}; the user {USER} cannot be made") from None
    except subprocess.TimeoutExpired:
        raise CrackscanError(f"{' '.join(command)} does not answer") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        hint = "; is `loginctl enable-linger` set?" if place.of_user else ""
        raise CrackscanError(f"{' '.join(command)} failed: {said}{hint}")
