"""What is packed comes out again as it was, from a tar and from a Debian package."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from crackscan.convert.packing import pack_folder
from crackscan.core.errors import CrackscanError

FILES = {
    "install.sh": b"#!/bin/sh\nexit 0\n",
    "version": b"1.0-12345678\n",
    "wheels/one.whl": bytes(range(256)) * 5 + b"odd",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "crackscan-pi"
    for name, data in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(data)
    return made


def test_a_tar_holds_the_folder(folder: Path, tmp_path: Path) -> None:
    size = pack_folder(folder, tmp_path / "pi.tar", "3.13")
    assert size == (tmp_path / "pi.tar").stat().st_size
    with tarfile.open(tmp_path / "pi.tar") as packed:
        packed.extractall(tmp_path / "out", filter="data")
    out = tmp_path / "out/crackscan-pi"
    assert {name: (out / name).read_bytes() for name in FILES} == FILES
    assert (out / "install.sh").stat().st_mode & 0o111


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg is Debian's")
def test_a_package_is_one_that_dpkg_reads(folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "pi.deb"
    pack_folder(folder, made, "3.11")

    def dpkg(*arguments: str | Path) -> str:
        command = ["dpkg-deb", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert dpkg("--field", made, "Version") == "1.0-12345678\n"
    assert "python3 (>= 3.11), python3 (<< 3.12)" in dpkg("--field", made, "Depends")
    dpkg("--raw-extract", made, tmp_path / "out")
    home = tmp_path / "out/usr/share/crackscan-pi"
    assert {name: (home / name).read_bytes() for name in FILES} == FILES
    for script in ("postinst", "prerm"):
        subprocess.run(["sh", "-n", tmp_path / "out/DEBIAN" / script], check=True)
        assert (tmp_path / "out/DEBIAN" / script).stat().st_mode & 0o111


@pytest.mark.parametrize("suffix", ["tar", "deb"])
def test_the_same_files_give_the_same_bytes(folder: Path, tmp_path: Path, suffix: str) -> None:
    pack_folder(folder, tmp_path / f"one.{suffix}", "3.11")
    again = shutil.copytree(folder, tmp_path / "again" / folder.name)
    (again / "version").touch()
    pack_folder(again, tmp_path / f"two.{suffix}", "3.11")
    assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_where_it_cannot_be_written_nothing_is_left(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pi.tar").mkdir()
    with pytest.raises(CrackscanError, match=r"cannot write .*pi\.tar"):
        pack_folder(folder, tmp_path / "pi.tar", "3.11")
    assert not list(tmp_path.glob(".pi.tar*"))
