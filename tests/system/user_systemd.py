"""A real systemd, a user's, in a mount namespace of its own: nothing of this machine is touched."""

import os
import shutil
import subprocess
from pathlib import Path

SYSTEMD = Path("/lib/systemd/systemd")
_BOOT = """
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user
chmod 700 /run/user
export XDG_RUNTIME_DIR=/run/user HOME={home} SYSTEMD_LOG_TARGET=console
unset XDG_CONFIG_HOME XDG_DATA_HOME NOTIFY_SOCKET
{systemd} --user > {home}/systemd.log 2>&1 &
manager=$!
trap 'kill $manager; wait $manager' EXIT
for second in $(seq 60); do
  [ -S /run/user/systemd/private ] && break
  sleep 1
done
{script}
"""


def why_not() -> str:
    """Why it cannot run here; empty: it can."""
    if os.geteuid() != 0:
        return "needs root for a mount namespace"
    if not SYSTEMD.exists() or shutil.which("systemctl") is None:
        return "Debian's package systemd is missing"
    if shutil.which("unshare") is None:
        return "unshare (util-linux) is missing"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "mount namespaces are not allowed here"


def run_under_systemd(home: Path, script: str, timeout_s: float = 240) -> str:
    """Run a shell script beside a user's systemd, with `home` as home; gives what it prints."""
    text = _BOOT.format(home=home, systemd=SYSTEMD, script=script)
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", text],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    log = (home / "systemd.log").read_text()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log}"
    return done.stdout
