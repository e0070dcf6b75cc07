"""Debian for ARM in a folder: made once, entered through QEMU where this machine is not an ARM."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "arm64"
QEMU = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}
"""How Debian's qemu-user-static names its entries of binfmt_misc."""
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/bin/py3compile")
"""Python compiles what it imports by itself; to compile all would take minutes under QEMU."""
ARCHIVE = "http://deb.debian.org/debian"
"""A release without its updates: what is left where a mirror's updates do not fit together."""
INSTALL = """
set -e
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --download-only install {packages}
dpkg --root="$1" --force-architecture --force-depends --force-unsafe-io {options} \\
  --skip-same-version --unpack "$1"/var/cache/apt/archives/*.deb
chroot "$1" dpkg --force-unsafe-io --configure --pending
"""
"""This machine unpacks, which emulation makes slow; the packages' own scripts run inside."""
ENTER = """
set -e
root=$0
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
[ -z "$CPUINFO" ] || mount --bind "$CPUINFO" "$root/proc/cpuinfo"
mount -t tmpfs tmp "$root/tmp"
mkdir -p "$root/root/.cache" "$root/var/cache/pip"
mount --bind "$CACHE" "$root/var/cache/pip"
exec chroot "$root" /usr/bin/env -i "$@"
"""


@dataclass(frozen=True)
class Board:
    """What the runtime asks of a processor before it chooses its kernels.

    QEMU plays the processor but shows this machine's /proc/cpuinfo, of which LiteRT makes nothing,
    and then goes without XNNPACK; so a board's own is put in its place.
    """

    name: str
    qemu: str
    part: str
    features: str

    def cpuinfo(self) -> str:
        core = f"Features\t: {self.features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
        core += f"CPU variant\t: 0x0\nCPU part\t: {self.part}\nCPU revision\t: 3\n\n"
        cores = "".join(f"processor\t: {number}\n{core}" for number in range(4))
        return f"{cores}Model\t\t: {self.name}\n"


PI_4 = Board("Raspberry Pi 4", "cortex-a72", "0xd08", "fp asimd evtstrm crc32 cpuid")
PI_5 = Board(
    "Raspberry Pi 5",
    "cortex-a76",
    "0xd0b",
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop"
    " asimddp",
)
PI_32 = Board(
    "Raspberry Pi 4, 32-bit",
    "cortex-a15",
    "0xd08",
    "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm crc32",
)
BOARDS = {"arm64": (PI_4, PI_5), "armhf": (PI_32,)}


class NotHereError(Exception):
    """What this machine lacks, in one line."""


class FailedError(Exception):
    """What should have worked here and did not, in one line."""


@dataclass(frozen=True)
class System:
    """A system that Raspberry Pis run, as far as Debian has it."""

    debian: str
    architecture: str
    python: str
    extra: tuple[str, ...] = ()
    """Packages beside what the README tells a Pi's user to install."""
    bundle: str | None = None
    """The target of its bundles."""


SYSTEMS = {
    "bookworm": System("bookworm", "arm64", "3.11", bundle="pi-bookworm"),
    # libcamera is in Debian from here on; picamera2 is in Raspberry Pi OS only.
    "trixie": System("trixie", "arm64", "3.13", ("python3-libcamera",), "pi-trixie"),
    "armhf": System("bookworm", "armhf", "3.11"),
}
PACKAGES = ("python3-venv", "python3-opencv", "python3-pil", "make", "systemd")
"""What the README tells to install, git aside; and what runs services on every Pi."""


@dataclass(frozen=True)
class Done:
    """A command that ran inside."""

    code: int
    out: str
    err: str
    seconds: float


class Chroot:
    """One system's folder; commands run in it as root, with or without a network."""

    def __init__(self, name: str) -> None:
        self.name, self.system = name, SYSTEMS[name]
        self.folder = BUILD / name
        self.boards = BOARDS[self.system.architecture]
        self.root = self.folder / "root"
        self.environment: dict[str, str] = {}

    def make(self) -> float:
        """Debootstrap it, or take the one made before with the same packages.

        Returns:
            Seconds that it took to make it.

        Raises:
            NotHereError: this machine cannot, and why.
            FailedError: it can, and it did not work.
        """
        _demand_emulation(self.system.architecture)
        recipe = _recipe(self.system)
        stamp, took = self.folder / "recipe", self.folder / "seconds"
        told = hashlib.sha256(" ".join(recipe).encode()).hexdigest()
        if not (self.root.is_dir() and stamp.is_file() and stamp.read_text() == told):
            shutil.rmtree(self.root, ignore_errors=True)
            part = self.folder / "root.part"
            started = time.monotonic()
            self.folder.mkdir(parents=True, exist_ok=True)
            log = self.folder / "mmdebstrap.log"
            log.unlink(missing_ok=True)
            if not any(_made(recipe, part, log, only) for only in ((), (ARCHIVE,))):
                raise FailedError(f"mmdebstrap failed; see {log}")
            part.rename(self.root)
            took.write_text(str(time.monotonic() - started))
            stamp.write_text(told)
        self._join_the_network()
        return float(took.read_text())

    def run(
        self,
        command: str,
        *,
        folder: str = "/root",
        network: bool = True,
        variables: Mapping[str, str] | None = None,
        board: Board | None = None,
        limit_s: float = 1800,
    ) -> Done:
        """Run a shell command inside; `variables` join those that pip needs.

        `board` is the one that QEMU plays, by default the architecture's first.
        """
        cache = BUILD / "pip"
        cache.mkdir(exist_ok=True)
        emulated = {} if _is_arm() else self._emulated(board or self.boards[0])
        inside = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PIP_CACHE_DIR": "/var/cache/pip",
            "PIP_NO_COMPILE": "1",  # for the same reason as LEFT_OUT
            **self.environment,
            **({"QEMU_CPU": emulated["QEMU_CPU"]} if emulated else {}),
            **(variables or {}),
        }
        enter = ["unshare", "--mount", *([] if network else ["--net"]), "sh", "-c", ENTER]
        enter += [str(self.root), *(f"{name}={value}" for name, value in inside.items())]
        started = time.monotonic()
        try:
            done = subprocess.run(
                [*enter, "sh", "-c", f"cd {folder} && {command}"],
                env={**os.environ, "CACHE": str(cache), "CPUINFO": "", **emulated},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired as late:
            out = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
            return Done(124, out, f"took more than {limit_s:.0f} s", limit_s)
        return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def _emulated(self, board: Board) -> dict[str, str]:
        told = self.folder / f"cpuinfo-{board.qemu}"
        told.write_text(board.cpuinfo())
        return {"QEMU_CPU": board.qemu, "CPUINFO": str(told)}

    def put_checkout(self, inside: str) -> None:
        """The checkout's files as they are now, without what Git ignores; environments stay."""
        to = self.root / inside.lstrip("/")
        (self.root / "root").chmod(0o755)  # a test of doctor looks at it as another user
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        for old in to.glob("*"):
            if old.name not in (".venv", ".tflite"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, to / name)

    def _join_the_network(self) -> None:
        """Names and packages are found in there as they are out here."""
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", self.root / "etc" / name)
        pip = [sys.executable, "-m", "pip", "config", "list"]
        told = subprocess.run(pip, capture_output=True, text=True, check=False).stdout
        for line in told.splitlines():
            key, _, value = line.partition("=")
            key, value = key.rpartition(".")[2], value.strip("'\"")
            if key == "cert":
                shutil.copyfile(value, self.root / "etc/ssl/pip.pem")
                value = "/etc/ssl/pip.pem"
            elif key not in ("index-url", "extra-index-url", "trusted-host", "proxy"):
                continue
            if "file:" not in value:  # folders of this machine are not in there
                self.environment[f"PIP_{key.upper().replace('-', '_')}"] = value
        self.environment["PIP_DEFAULT_TIMEOUT"] = "180"
        for name in ("http_proxy", "https_proxy", "no_proxy"):
            self.environment |= {
                one: os.environ[one] for one in (name, name.upper()) if one in os.environ
            }


def _made(recipe: Sequence[str], part: Path, log: Path, only: Sequence[str]) -> bool:
    shutil.rmtree(part, ignore_errors=True)
    with log.open("a") as file:
        command = [*recipe, str(part), *only]
        made = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    return made.returncode == 0


def _recipe(system: System) -> list[str]:
    options = [f"--path-exclude={path}" for path in LEFT_OUT]
    hook = INSTALL.format(
        packages=" ".join((*PACKAGES, *system.extra)),
        options=" ".join(f"'{option}'" for option in options),
    )
    base = ["mmdebstrap", f"--arch={system.architecture}", "--variant=minbase"]
    base += [f"--dpkgopt={option[2:]}" for option in options]
    return [*base, f"--customize-hook={hook.strip()}", system.debian]


def _demand_emulation(architecture: str) -> None:
    """Programs of an architecture run here; where only the kernel was not told so, tell it."""
    if os.geteuid() != 0:
        raise NotHereError("chroots are made by root only: sudo make test-arm64")
    missing = [one for one in ("mmdebstrap", "arch-test", "unshare") if not shutil.which(one)]
    if missing:
        raise NotHereError("apt install mmdebstrap arch-test qemu-user-static")
    if _runs(architecture):
        return
    name = QEMU[architecture]
    entry = Path(f"/usr/lib/binfmt.d/{name}.conf")
    if not entry.is_file():
        raise NotHereError(f"{architecture} programs do not run here: apt install qemu-user-static")
    kernel = Path("/proc/sys/fs/binfmt_misc")
    try:
        if not (kernel / "register").exists():
            mount = ["mount", "-t", "binfmt_misc", "binfmt_misc", str(kernel)]
            subprocess.run(mount, capture_output=True, check=True)
        (kernel / "register").write_text(entry.read_text().strip())
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHereError(
            f"{architecture} programs do not run here, and binfmt_misc cannot be had: {error}"
        ) from None
    if not _runs(architecture):
        raise NotHereError(f"{architecture} programs do not run here, though {name} is registered")


def _is_arm() -> bool:
    return platform.machine() == "aarch64"


def _runs(architecture: str) -> bool:
    test = subprocess.run(["arch-test", architecture], capture_output=True, check=False)
    return test.returncode == 0
