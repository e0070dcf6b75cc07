"""The bundle on a system without a network: installed, upgraded, refused when ill, and removed."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from chroot import ROOT, Chroot
from transcript import Transcript

HOMES = (
    *("opt/crackscan", "etc/crackscan", "var/lib/crackscan", "usr/local/bin/crackscan", "mnt"),
    "etc/systemd/system/crackscan.service",
    "etc/systemd/system/multi-user.target.wants/crackscan.service",
)
UNIT = f"/{HOMES[-2]}"
STICK = "/mnt/stick"
RECORD = "/var/lib/crackscan/surveys/site-1"
MOST_BUNDLE_MB = 60
MOST_INSTALLED_MB = {"trixie": 80, "bookworm": 110}
"""Half of it LiteRT; the ml-dtypes that goes with Bookworm's numpy is three times as large."""
SUMS = "find /etc/crackscan /var/lib/crackscan -type f | sort | xargs sha256sum"


def wipe(chroot: Chroot) -> None:
    """As if nothing had ever been installed."""
    if (chroot.root / "var/lib/dpkg/info/crackscan.list").is_file():
        chroot.run("dpkg --purge crackscan", folder="/")
    for home in HOMES:
        path = chroot.root / home
        if path.is_symlink() or path.is_file():
            path.unlink()
        shutil.rmtree(path, ignore_errors=True)
    (chroot.root / "mnt").mkdir()


def prove(told: Transcript) -> None:
    """Go through a device's life with the network cut off."""
    chroot = told.chroot
    wipe(chroot)
    target = str(chroot.system.bundle)
    if not _made(told, target):
        return
    first = chroot.root / STICK.lstrip("/") / "crackscan-pi"
    packed = first.with_suffix(".tar").stat().st_size
    told.facts["bundle_mb"] = round(packed / 1e6, 1)
    told.demand(packed <= MOST_BUNDLE_MB * 1e6, "the bundle is too large")
    version = (first / "version").read_text().strip()

    done = told.run(f"sh {STICK}/crackscan-pi/install.sh", folder="/", network=False)
    if not told.demand(f"crackscan {version} is installed; try" in done.out, "not installed"):
        return
    used = chroot.run("du -s --block-size=MB $(readlink -f /opt/crackscan/current)").out
    size = int(used.partition("MB")[0])
    told.facts["installed_mb"] = size
    told.demand(size <= MOST_INSTALLED_MB[told.chroot.name], f"{size} MB are installed")
    _as_a_service(told)
    told.run(
        f"crackscan scan /opt/crackscan/current/samples --out {RECORD}",
        folder="/",
        network=False,
    )
    _new_model(told)
    sums = chroot.run(SUMS, folder="/").out
    kept = ("survey.sqlite", "settings.toml", "models/crack-m-")
    told.demand(all(one in sums for one in kept), "nothing was recorded, or no model installed")

    done = told.run(f"sh {STICK}/crackscan-pi/install.sh", folder="/", network=False)
    told.demand(f"crackscan {version} is installed already" in done.out, "it installs twice")

    _copy(first, "ill", f"{version}-ill")
    _make_ill(first.with_name("ill"))
    ill = told.run(f"sh {STICK}/ill/install.sh", folder="/", network=False, code=1)
    told.demand("doctor finds something broken" in ill.err, "an ill version is not refused")
    _is(told, version)

    _copy(first, "newer", f"{version}-newer")
    told.run(f"sh {STICK}/newer/install.sh", folder="/", network=False)
    _is(told, f"{version}-newer")
    told.demand(chroot.run(SUMS, folder="/").out == sums, "an upgrade touched the record")

    told.run(f"sh {STICK}/newer/install.sh --uninstall", folder="/", network=False)
    _is_gone(told, sums)
    _as_a_package(told, target, version, sums)


def refuse(told: Transcript) -> None:
    """A system that no bundle is for says so in one line."""
    wipe(told.chroot)
    if _made(told, "pi-bookworm"):
        done = told.run(f"sh {STICK}/crackscan-pi/install.sh", folder="/", network=False, code=1)
        lines = (done.out + done.err).splitlines()
        one = len(lines) == 1 and "this bundle is for" in lines[0]
        told.demand(one, "a 32-bit system is not refused in one line")


def _as_a_service(told: Transcript) -> None:
    """As far as it goes where systemd does not run; the settings that it makes must stay."""
    for command in (
        "crackscan service install --source picamera:0",
        f"systemctl is-enabled crackscan && systemd-analyze verify {UNIT}",
        "sed -i 's|^# live = .*|live = \"0.0.0.0:8765\"|; s|^# live_keys|live_keys|'"
        " /etc/crackscan/settings.toml",
        "crackscan link",
    ):
        told.run(command, folder="/", network=False)
    asked = told.run("crackscan service status", folder="/", network=False, code=1)
    one = asked.err.count("\n") == 1 and "systemd does not answer" in asked.err
    told.demand(one, "that systemd does not run is not said in one line")


def _as_a_package(told: Transcript, target: str, version: str, sums: str) -> None:
    if not _packed(told, target, "deb"):
        return
    done = told.run(f"dpkg -i {STICK}/crackscan-pi.deb", folder="/", network=False)
    told.demand(f"crackscan {version} is installed; try" in done.out, "not installed by dpkg")
    _is(told, version)
    told.run("dpkg -r crackscan", folder="/", network=False)
    _is_gone(told, sums)


def _is_gone(told: Transcript, sums: str) -> None:
    there = told.chroot.run("ls -d /opt/crackscan /usr/local/bin/crackscan", folder="/").out
    told.demand(not there, f"left behind: {there}")
    told.demand(not (told.chroot.root / UNIT.lstrip("/")).exists(), "the service is left behind")
    told.demand(told.chroot.run(SUMS, folder="/").out == sums, "removal touched the record")


def _made(told: Transcript, target: str) -> bool:
    """The bundle as its command makes it, unpacked where the USB stick would be."""
    stick = told.chroot.root / STICK.lstrip("/")
    stick.mkdir()
    if not _packed(told, target, "tar"):
        return False
    told.run("tar xf crackscan-pi.tar", folder=STICK, network=False)
    return True


def _packed(told: Transcript, target: str, suffix: str) -> bool:
    """Make a bundle out here, onto the stick."""
    out = told.chroot.root / STICK.lstrip("/") / f"crackscan-pi.{suffix}"
    command = Path(sys.executable).with_name("crackscan-convert")
    made = subprocess.run(
        [command, "bundle", "--target", target, "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.demand(made.returncode == 0, f"no {suffix}: {made.stderr.strip()[-300:]}")


def _new_model(told: Transcript) -> None:
    """A model alone comes on the stick: refused where damaged, installed, taken back, chosen."""
    stick = told.chroot.root / STICK.lstrip("/")
    data = (ROOT / "models/crack-m.tflite").read_bytes()
    for name, kept in (("damaged", data[:-1]), ("new", data)):
        (stick / f"{name}.tflite").write_bytes(kept)
        (stick / f"{name}.tflite.sha256").write_text(
            f"{hashlib.sha256(data).hexdigest()}  {name}.tflite\n"
        )

    def model(command: str, wanted: str, code: int = 0) -> str:
        done = told.run(f"crackscan model {command}", folder="/", network=False, code=code)
        told.demand(wanted in done.out + done.err, f"`model {command}` does not say {wanted!r}")
        return done.out

    model(f"install {STICK}/damaged.tflite", "is not what damaged.tflite.sha256 says", code=1)
    name = model(f"install {STICK}/new.tflite", "is the default now (self-test: ").split(" ")[0]
    model("list", f"* {name} ")
    model("rollback", "default now: crack-m (for photographs), crack-s (for moving pictures)")
    model(f"use {name}", f"{name} is the default now")
    model("rollback", "default now: crack-m (for photographs), crack-s (for moving pictures)")


def _is(told: Transcript, version: str) -> None:
    found = told.chroot.run("readlink /opt/crackscan/current; crackscan --version", folder="/")
    told.demand(found.out.startswith(f"{version}\n"), f"{version} is not in use: {found.out}")


def _copy(bundle: Path, name: str, version: str) -> None:
    """The same bundle under another version."""
    other = bundle.with_name(name)
    shutil.copytree(bundle, other)
    (other / "version").write_text(f"{version}\n")


def _make_ill(bundle: Path) -> None:
    """Its models are cut short; its checksums are right, so that it gets as far as doctor."""
    [wheel] = (bundle / "wheels").glob("crackscan-*.whl")
    whole = wheel.with_suffix(".whole")
    wheel.rename(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(wheel, "w") as made:
        for name in source.namelist():
            data = source.read(name)
            made.writestr(name, data[: len(data) // 2] if name.endswith(".tflite") else data)
    whole.unlink()
    sums = (bundle / "SHA256SUMS").read_text().splitlines()
    path = f"wheels/{wheel.name}"
    kept = [line for line in sums if not line.endswith(f"  {path}")]
    kept.append(f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {path}")
    (bundle / "SHA256SUMS").write_text("\n".join(kept) + "\n")
