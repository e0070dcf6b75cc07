"""Collects freely licensed pictures without a crack from Debian packages, to train on.

They show plants, animals, people, sky, water, buildings, rooms and textures: what a camera meets
beside concrete. Each was inspected; pictures of cracked rock, soil or masonry were left out.
"""

import csv
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB, read_picture

LIST = Path(__file__).with_name("negatives.tsv")
CREDITS = "CREDITS.tsv"
LONG_SIDE_PX = 1024
QUALITY = 92
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TRIXIE = f"deb [signed-by={KEYRING}] http://deb.debian.org/debian trixie main"

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Negative:
    """One picture, where it comes from, and who made it."""

    file: str
    """Its name once collected."""

    package: str
    """The Debian package that holds it."""

    path: str
    """Its place in the package, without a leading slash."""

    licence: str
    author: str
    sha256: str
    """Of the file in the package: another picture under the same name is not taken."""


@dataclass(frozen=True)
class Collected:
    """What `collect` wrote, and what the packages no longer hold."""

    pictures: tuple[Path, ...]
    missing: tuple[Negative, ...]


def read_list(path: Path = LIST) -> tuple[Negative, ...]:
    """The pictures to collect, in the order of the list."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(Negative(**row) for row in rows)


def collect_negatives(
    out_dir: Path,
    negatives: Sequence[Negative] | None = None,
    archive: str = TRIXIE,
    report: Report | None = None,
) -> Collected:
    """Download the packages, take the listed pictures, and write them with their credits.

    Every picture becomes an RGB JPEG of at most 1024 px on its long side in `out_dir`, beside
    CREDITS.tsv (file, package, licence, author, sha256 of the original). Nothing is installed and
    the system's package lists are not touched: apt works in a folder of its own, on `archive` (a
    line of a sources.list). `report(stage, done, total)` is called after every package.

    Raises CrackscanError where apt is not there, or a package cannot be fetched.
    """
    negatives = read_list() if negatives is None else negatives
    _check_programs(archive)
    out_dir.mkdir(parents=True, exist_ok=True)
    packages = sorted({negative.package for negative in negatives})
    pictures: list[Path] = []
    taken: list[Negative] = []
    with TemporaryDirectory(prefix="crackscan-negatives-") as name:
        work = Path(name)
        apt = _write_apt_config(work / "apt", archive)
        _run_command([*apt, "update"], work)
        for done, package in enumerate(packages, 1):
            root = _unpack_package(apt, package, work)
            for negative in (n for n in negatives if n.package == package):
                source = root / negative.path
                if _has_sha256(source, negative.sha256):
                    path = out_dir / negative.file
                    write_picture(path, shrink_picture(read_picture(source)), QUALITY)
                    pictures.append(path)
                    taken.append(negative)
            shutil.rmtree(root)
            if report is not None:
                report("Collecting packages", done, len(packages))
    write_atomically(out_dir / CREDITS, _list_credits(taken).encode())
    return Collected(tuple(pictures), tuple(n for n in negatives if n not in taken))


def shrink_picture(rgb: RGB, long_side_px: int = LONG_SIDE_PX) -> RGB:
    """The picture, uint8 (height, width, 3), at most `long_side_px` high and wide."""
    height, width = rgb.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smaller: RGB = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return smaller


def _check_programs(archive: str) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise CrackscanError(
                f"{program} is not installed: the pictures come from Debian packages; collect them "
                "on Debian, Ubuntu or Raspberry Pi OS and copy the folder"
            )
    if str(KEYRING) in archive and not KEYRING.exists():
        raise CrackscanError(f"{KEYRING} does not exist: apt install debian-archive-keyring")


def _write_apt_config(folder: Path, archive: str) -> list[str]:
    """apt-get with lists, cache and sources of its own under `folder`."""
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "archives" / "partial").mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"{archive}\n")
    options = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    return ["apt-get", "-q", *(part for k, v in options.items() for part in ("-o", f"{k}={v}"))]


def _unpack_package(apt: list[str], package: str, work: Path) -> Path:
    _run_command([*apt, "download", package], work)
    (deb,) = work.glob(f"{package}_*.deb")
    root = work / package
    _run_command(["dpkg-deb", "--extract", str(deb), str(root)], work)
    deb.unlink()
    return root


def _run_command(command: list[str], folder: Path) -> None:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    messages = [line for line in done.stderr.splitlines() if line.strip()]
    broken = [line for line in messages if line.startswith(("E:", "Err:", "W: Failed"))]
    if done.returncode != 0 or broken:
        reason = (broken or messages or [f"exit code {done.returncode}"])[0]
        raise CrackscanError(f"{command[0]} {command[-1]} failed: {reason}")


def _has_sha256(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _list_credits(negatives: Sequence[Negative]) -> str:
    rows = [("file", "package", "licence", "author", "sha256")]
    rows += [(n.file, n.package, n.licence, n.author, n.sha256) for n in negatives]
    return "".join("\t".join(row) + "\n" for row in rows)
