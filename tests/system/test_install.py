"""The bundle's installer, run for real without a network, on folders that are not the machine's.

The crackscan inside is a small one whose doctor says what the test wants; numpy, OpenCV and
Pillow are this environment's, given as the system's.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy
import PIL
import pytest

from crackscan.convert.bundle import INSTALLER

MINE = f"{sys.version_info.major}.{sys.version_info.minor}"
PROGRAM = """
import sys
def main():
    print({version!r}, *sys.argv[1:])
    sys.exit({healthy} if sys.argv[1] == "doctor" else 0)
"""
HIDE = """
set -e
mount --make-rprivate /
for one in opt usr/local/bin var/lib etc/systemd/system; do
    mkdir -p "$0/machine/$one"; mount --bind "$0/machine/$one" "/$one"
done
exec "$@"
"""


def may_hide() -> bool:
    command = ["unshare", "--net", "--mount", "true"]
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run(command, check=False).returncode == 0


pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.geteuid() != 0 or not may_hide() or platform.machine() not in ("x86_64", "aarch64"),
        reason="needs root, and namespaces of its own",
    ),
]


def bundled(folder: Path, version: str, healthy: bool = True, python: str = MINE) -> Path:
    """A bundle's folder, as `crackscan-convert bundle` lays it out."""
    (folder / "wheels").mkdir(parents=True)
    (folder / "samples").mkdir()
    (folder / "samples" / "wall.jpg").write_bytes(b"wall")
    about = f"crackscan-{version}.dist-info"
    with zipfile.ZipFile(folder / "wheels" / f"crackscan-{version}-py3-none-any.whl", "w") as made:
        code = PROGRAM.format(version=version, healthy=int(not healthy))
        made.writestr("crackscan_small.py", code)
        made.writestr(f"{about}/METADATA", f"Name: crackscan\nVersion: {version}\n")
        made.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        points = "[console_scripts]\ncrackscan = crackscan_small:main\n"
        made.writestr(f"{about}/entry_points.txt", points)
        made.writestr(f"{about}/RECORD", "")
    # The one line that holds it to ARM is what this machine is, so that the rest runs here.
    text = INSTALLER.read_text().replace(
        '"$machine" = aarch64', f'"$machine" = {os.uname().machine}'
    )
    (folder / "install.sh").write_text(text)
    (folder / "target").write_text(f"python={python}\nsystem='a test'\n")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    (folder / "SHA256SUMS").write_text(
        "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
            for path in files
        )
    )
    (folder / "version").write_text(f"{version}\n")
    return folder


class Machine:
    """The machine's folders, and commands that see them and no network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs, packages = folder / "programs", folder / "packages"
        programs.mkdir(parents=True)
        packages.mkdir()
        base = Path(sys.base_prefix) / "bin" / f"python{MINE}"
        (programs / "python3").symlink_to(base)
        for module in (cv2, numpy, PIL):
            home = Path(module.__file__ or "").parent
            (packages / home.name).symlink_to(home)
            for libraries in home.parent.glob("*.libs"):
                if not (packages / libraries.name).exists():
                    (packages / libraries.name).symlink_to(libraries)
        self.environment = {
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "PYTHONPATH": str(packages),
            "HOME": str(folder),
        }

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "--net", "--mount", "sh", "-c", HIDE, str(self.folder), *map(str, command)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    def install(self, bundle: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", bundle / "install.sh", *options)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "m")


def test_it_installs_upgrades_stays_when_doctor_fails_and_goes(
    machine: Machine, tmp_path: Path
) -> None:
    survey = machine.folder / "machine/var/lib/crackscan/surveys/one/survey.sqlite"
    survey.parent.mkdir(parents=True)
    survey.write_bytes(b"findings")
    opt = machine.folder / "machine/opt/crackscan"

    first = bundled(tmp_path / "1", "1.0")
    done = machine.install(first)
    assert done.returncode == 0, done.stderr
    assert "crackscan 1.0 is installed; try" in done.stdout
    assert machine.run("crackscan", "scan").stdout == "1.0 scan\n"
    assert (opt / "current/samples/wall.jpg").read_bytes() == b"wall"
    assert not list(opt.glob("current/lib/python*/site-packages/numpy"))

    made = (opt / "1.0").stat().st_mtime_ns
    again = machine.install(first)
    assert again.returncode == 0 and again.stdout == "crackscan 1.0 is installed already\n"
    assert (opt / "1.0").stat().st_mtime_ns == made

    ill = machine.install(bundled(tmp_path / "2", "2.0", healthy=False))
    assert ill.returncode == 1 and "doctor finds something broken in 2.0" in ill.stderr
    assert machine.run("crackscan", "scan").stdout == "1.0 scan\n"
    assert sorted(path.name for path in opt.iterdir()) == ["1.0", "current"]

    assert machine.install(bundled(tmp_path / "3", "3.0")).returncode == 0
    assert machine.run("crackscan", "scan").stdout == "3.0 scan\n"
    assert sorted(path.name for path in opt.iterdir()) == ["3.0", "current"]

    gone = machine.install(first, "--uninstall")
    assert gone.returncode == 0, gone.stderr
    assert not opt.exists() and not list((machine.folder / "machine/usr/local/bin").iterdir())
    assert survey.read_bytes() == b"findings"
    assert machine.install(first, "--uninstall").returncode == 0


def test_what_does_not_fit_is_refused_in_a_line_and_changes_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    other = machine.install(bundled(tmp_path / "other", "1.0", python="3.99"))
    damaged = bundled(tmp_path / "damaged", "1.0")
    (damaged / "samples" / "wall.jpg").write_bytes(b"Wall")
    torn = machine.install(damaged)
    strange = machine.install(damaged, "--purge")
    arm = bundled(tmp_path / "arm", "1.0")
    shutil.copyfile(INSTALLER, arm / "install.sh")
    sums = (arm / "SHA256SUMS").read_text().splitlines(keepends=True)
    (arm / "SHA256SUMS").write_text("".join(one for one in sums if "install.sh" not in one))
    here = machine.install(arm)
    for done, told in (
        (other, f"with Python 3.99; here is Python {MINE}"),
        (torn, "this copy is damaged: copy the bundle again"),
        (strange, "unknown option --purge"),
        *([(here, "not for x86_64")] if platform.machine() == "x86_64" else []),
    ):
        assert done.returncode == 1 and told in done.stderr.splitlines()[-1], done.stderr
    assert not list((machine.folder / "machine/opt").iterdir())
