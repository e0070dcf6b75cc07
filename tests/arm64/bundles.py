"""The bundle on a system without a network: installed, upgraded, refused when ill, and removed."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from chroot import Chroot
from transcript import Transcript

HOMES = ("opt/crackscan", "etc/crackscan", "var/lib/crackscan", "usr/local/bin/crackscan", "mnt")
STICK = "/mnt/stick"
RECORD = "/var/lib/crackscan/surveys/site-1"
MOST_INSTALLED_MB, MOST_BUNDLE_MB = 80, 60
SUMS = "find /etc/crackscan /var/lib/crackscan -type f | sort | xargs sha256sum"


def wipe(chroot: Chroot) -> None:
    """As if nothing had ever been installed."""
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
    if not _made(told):
        return
    first = chroot.root / STICK.lstrip("/") / "crackscan-pi"
    version = (first / "version").read_text().strip()

    done = told.run(f"sh {STICK}/crackscan-pi/install.sh", folder="/", network=False)
    if not told.demand(f"crackscan {version} is installed; try" in done.out, "not installed"):
        return
    size = chroot.run("du -sm $(readlink -f /opt/crackscan/current)").out.split()[0]
    told.facts["installed_mb"] = int(size)
    told.demand(int(size) <= MOST_INSTALLED_MB, f"{size} MB are installed")
    told.run("crackscan doctor", folder="/", network=False, keep=lambda _: "")
    told.run(
        "mkdir -p /etc/crackscan && crackscan settings --example > /etc/crackscan/settings.toml",
        folder="/",
        network=False,
    )
    told.run(
        f"crackscan scan /opt/crackscan/current/samples --out {RECORD}",
        folder="/",
        network=False,
    )
    sums = chroot.run(SUMS, folder="/").out
    told.demand("survey.sqlite" in sums and "settings.toml" in sums, "nothing was recorded")

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
    there = chroot.run("ls -d /opt/crackscan /usr/local/bin/crackscan", folder="/").out
    told.demand(not there, f"left behind: {there}")
    told.demand(chroot.run(SUMS, folder="/").out == sums, "removal touched the record")


def _made(told: Transcript) -> bool:
    """The bundle as its command makes it, unpacked where the USB stick would be."""
    out = told.chroot.folder / "crackscan-pi.tar"
    command = Path(sys.executable).with_name("crackscan-convert")
    target = str(told.chroot.system.bundle)
    made = subprocess.run(
        [command, "bundle", "--target", target, "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    if not told.demand(made.returncode == 0, f"no bundle: {made.stderr.strip()[-300:]}"):
        return False
    told.facts["bundle_mb"] = round(out.stat().st_size / 1e6, 1)
    told.demand(out.stat().st_size <= MOST_BUNDLE_MB * 1e6, "the bundle is too large")
    with tarfile.open(out) as packed:
        packed.extractall(told.chroot.root / STICK.lstrip("/"), filter="data")
    return True


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
