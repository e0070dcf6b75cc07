"""Packs everything that a Raspberry Pi without a network needs into one file."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement

import crackscan
from crackscan.convert.packing import pack_folder
from crackscan.core.errors import CrackscanError

CHECKOUT = Path(crackscan.__file__).resolve().parent
INSTALLER = Path(__file__).with_name("install.sh")
FOLDER = "crackscan-pi"
"""What the bundle unpacks to."""
SAMPLES = ("CREDITS.md", "cracked-wall-below-tiles.jpg", "intact-tiles-and-shadows.jpg")
_FROM_OS = ("numpy", "opencv-python-headless", "pillow")
_GLIBC = ("2_28", "2_27", "2_17")
_KEPT_OUT = (".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "runs", "benchmarks")


@dataclass(frozen=True)
class Target:
    """An operating system that bundles are made for."""

    system: str
    python: str
    """Major and minor, as `3.13`."""
    numpy: str
    """The OS's own, which must stay: the wheels are chosen to go with it."""


TARGETS = {
    "pi-bookworm": Target("Raspberry Pi OS Bookworm, 64-bit", "3.11", "1.24.2"),
    "pi-trixie": Target("Raspberry Pi OS Trixie, 64-bit", "3.13", "2.2.4"),
}


def write_bundle(name: str, out: Path, report: Callable[[str], None] = lambda _: None) -> int:
    """Write the bundle for a target.

    Wheels come from the package index, ours from this checkout; numpy, OpenCV and Pillow stay the
    OS's.

    Args:
        name: a key of `TARGETS`.
        out: the `.tar` or `.deb` to write, whole or not at all.
        report: gets each step.

    Returns:
        Bytes of the file.

    Raises:
        CrackscanError: not run from a checkout, no network, or `out` cannot be written.
    """
    if not (CHECKOUT / "setup.cfg").is_file():
        raise CrackscanError("a bundle is made from a checkout: pip install --editable '.[train]'")
    target = TARGETS[name]
    with TemporaryDirectory(prefix="crackscan-bundle-") as made:
        folder = Path(made) / FOLDER
        wheels = folder / "wheels"
        wheels.mkdir(parents=True)
        report("building the wheel of this checkout")
        own = _own_wheel(Path(made), wheels)
        report(f"fetching wheels for {target.system}")
        _fetch_wheels(list_requirements(own, target), target, wheels)
        for wheel in wheels.glob("numpy-*.whl"):  # the OS's
            wheel.unlink()
        for sample in SAMPLES:
            (folder / "samples").mkdir(exist_ok=True)
            shutil.copyfile(CHECKOUT / "samples" / sample, folder / "samples" / sample)
        shutil.copyfile(INSTALLER, folder / "install.sh")
        (folder / "target").write_text(
            f"python={target.python}\nsystem='{target.system}'\n", encoding="utf-8"
        )
        sums = _list_checksums(folder)
        (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
        version = f"{crackscan.__version__}-{hashlib.sha256(sums.encode()).hexdigest()[:8]}"
        (folder / "version").write_text(f"{version}\n", encoding="utf-8")
        report(f"packing {version}")
        return pack_folder(folder, out, target.python)


def list_requirements(wheel: Path, target: Target) -> list[str]:
    """What a wheel needs on a 64-bit target beside what the OS has, without markers."""
    with zipfile.ZipFile(wheel) as opened:
        [metadata] = [one for one in opened.namelist() if one.endswith(".dist-info/METADATA")]
        needed = message_from_bytes(opened.read(metadata)).get_all("Requires-Dist") or []
    there = {
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "platform_machine": "aarch64",
        "platform_system": "Linux",
        "sys_platform": "linux",
        "extra": "",
    }
    wanted = []
    for text in needed:
        one = Requirement(text)
        if one.name in _FROM_OS or (one.marker and not one.marker.evaluate(there)):
            continue
        wanted.append(f"{one.name}{one.specifier}")
    return wanted


def _own_wheel(made: Path, wheels: Path) -> Path:
    # A copy, since a build leaves files in the folder that it builds.
    copy = made / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*_KEPT_OUT))
    _pip_command("wheel", "--no-deps", "--wheel-dir", str(wheels), str(copy))
    [wheel] = wheels.glob("crackscan-*.whl")
    return wheel


def _fetch_wheels(wanted: list[str], target: Target, wheels: Path) -> None:
    constraints = wheels.parent.parent / "constraints.txt"
    constraints.write_text(f"numpy=={target.numpy}\n", encoding="utf-8")
    platforms = [f"--platform=manylinux_{glibc}_aarch64" for glibc in _GLIBC]
    options = ["--only-binary=:all:", "--implementation=cp", *platforms]
    options += [f"--python-version={target.python}", f"--constraint={constraints}"]
    _pip_command("download", f"--dest={wheels}", *options, *wanted)


def _pip_command(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    # The same checkout gives the same wheel, and so the same version, whenever it is built.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        messages = re.findall(r"^ERROR: (.*)$", done.stderr, re.MULTILINE) or [done.stderr[-300:]]
        raise CrackscanError(f"pip {arguments[0]} failed: {' '.join(messages[-1].split())}")


def _list_checksums(folder: Path) -> str:
    """As `sha256sum -c` reads them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in files
    )
