"""The systemd unit of a scan: watched by its frames, restarted, and allowed little."""

from pathlib import Path

from crackscan.edge.appliance.service.place import USER, Place

WATCHDOG_S = 60
"""Without an inferred frame for so long, the scan is restarted."""
START_S = 180
"""From the start to the first inferred frame."""
STOP_S = 45
GROUPS = ("video", "render", "dialout", "gpio", "plugdev")
"""Who may use cameras, receivers and pins; those that are missing here are left out."""

_HEAD = """\
# Made by: crackscan service install
[Unit]
Description=crackscan: finds cracks in concrete
After={after}
# Nobody restarts it on site: a camera that comes minutes after the device, or settings that
# are mended over the network, find it still trying.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={program} scan --settings {settings}
# Fed by frames that the model has seen, by nothing else.
WatchdogSec={watchdog_s}
TimeoutStartSec={start_s}
TimeoutStopSec={stop_s}
Restart=on-failure
RestartSec=10
# Ended by SIGTERM, with everything recorded.
SuccessExitStatus=143
KillMode=mixed
UMask=0022
NoNewPrivileges=yes
"""

_OF_MACHINE = """\
User={user}
SupplementaryGroups={groups}
StateDirectory=crackscan
StateDirectoryMode=0755
WorkingDirectory={state}
Environment=HOME={state} XDG_DATA_HOME={state} XDG_CACHE_HOME=/tmp
{writable}
# It sees cameras, receivers and pins, and writes surveys; nothing else.
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
DeviceAllow=char-ttyACM rw
DeviceAllow=char-ttyUSB rw
DeviceAllow=char-ttyAMA rw
DeviceAllow=char-gpiochip rw
DeviceAllow=/dev/gpiomem rw
DeviceAllow=/dev/vcio rw
CapabilityBoundingSet=
AmbientCapabilities=
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
# adjtimex only reports whether the clock is synchronised: setting it needs a capability.
SystemCallFilter=@system-service adjtimex clock_adjtime
SystemCallErrorNumber=EPERM
"""

_TAIL = """\

[Install]
WantedBy={wanted_by}
"""


def format_unit(place: Place, program: Path, surveys: Path | None = None) -> str:
    """The unit file's text.

    Args:
        program: the `crackscan` to run.
        surveys: the folder that the settings name; made writable where it lies elsewhere.
    """
    head = _HEAD.format(
        after="default.target" if place.of_user else "network.target gpsd.service time-sync.target",
        program=quote_path(program),
        settings=quote_path(place.settings),
        watchdog_s=WATCHDOG_S,
        start_s=START_S,
        stop_s=STOP_S,
    )
    if place.of_user:
        return head + _TAIL.format(wanted_by="default.target")
    present = _groups(place.inside(Path("/etc/group")))
    elsewhere = surveys is not None and not surveys.is_relative_to(place.state)
    own = _OF_MACHINE.format(
        user=USER,
        groups=" ".join(one for one in GROUPS if one in present),
        state=place.state,
        writable=f"ReadWritePaths=-{quote_path(surveys)}\n" if elsewhere and surveys else "",
    )
    return head + own + _TAIL.format(wanted_by="multi-user.target")


def format_sysusers(place: Place) -> str:
    """The service's user, as systemd-sysusers reads it (sysusers.d(5))."""
    return f'# Made by: crackscan service install\nu {USER} - "crackscan" {place.state}\n'


def _groups(file: Path) -> set[str]:
    """Names of the groups that exist on a machine: systemd refuses a missing one (group(5))."""
    try:
        return {line.partition(":")[0] for line in file.read_text().splitlines()}
    except OSError:
        return set()


def quote_path(path: Path) -> str:
    """A path as unit files want it: `%` and `$` doubled, quoted where there is a space."""
    text = str(path).replace("%", "%%").replace("$", "$$")
    if any(one in text for one in ' \t"\\;'):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
