"""A bundle's folder as one file: a plain tar, or a Debian package that runs its installer."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from crackscan.core.errors import CrackscanError

HOME = "usr/share/crackscan-pi"
"""Where a package puts the folder."""
CONTROL = """\
Package: crackscan
Version: {version}
Architecture: arm64
Maintainer: crackscan
Depends: python3 (>= {python}), python3 (<< {next_python}), python3-venv, python3-opencv,
 python3-pil
Section: science
Priority: optional
Description: Finds cracks in concrete on site, offline, in real time
"""
POSTINST = f"""\
#!/bin/sh
set -e
[ "$1" != configure ] || sh /{HOME}/install.sh
"""
PRERM = f"""\
#!/bin/sh
set -e
[ "$1" != remove ] || sh /{HOME}/install.sh --uninstall
"""


def pack_folder(folder: Path, out: Path, python: str) -> int:
    """Write a bundle's folder to `out`, whole or not at all.

    The same files give the same bytes, no matter who packs them and when. Nothing is compressed,
    since wheels are.

    Args:
        out: ends in `.deb` for a Debian package, else it is a tar.
        python: that of the target, as `3.11`.

    Returns:
        Bytes of the file.

    Raises:
        CrackscanError: it cannot be written.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {str(path.relative_to(folder)): path.read_bytes() for path in found}
    data = _make_deb(files, python) if out.suffix == ".deb" else _make_tar(files, folder.name)
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(data)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CrackscanError(f"cannot write {out}: {error.strerror}") from None
    return len(data)


def _make_deb(files: Mapping[str, bytes], python: str) -> bytes:
    """A package as deb(5) has it: an ar of a version, a control tar and a data tar."""
    major, minor = python.split(".")
    control = CONTROL.format(
        version=files["version"].decode().strip(),
        python=python,
        next_python=f"{major}.{int(minor) + 1}",
    )
    scripts = {"control": control, "postinst": POSTINST, "prerm": PRERM}
    members = {
        "debian-binary": b"2.0\n",
        "control.tar": _make_tar({name: text.encode() for name, text in scripts.items()}, "."),
        "data.tar": _make_tar(files, f"./{HOME}"),
    }
    made = bytearray(b"!<arch>\n")
    for name, data in members.items():
        made += f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
        made += data + b"\n" * (len(data) % 2)
    return bytes(made)


def _make_tar(files: Mapping[str, bytes], top: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as packed:
        paths = {f"{top}/{name}": data for name, data in files.items()}
        for name in _list_folders(paths):  # dpkg makes only folders that are listed
            one = tarfile.TarInfo(name)
            one.type, one.mode = tarfile.DIRTYPE, 0o755
            packed.addfile(one)
        for name, data in paths.items():
            one = tarfile.TarInfo(name)
            runs = PurePosixPath(name).name in ("install.sh", "postinst", "prerm")
            one.size, one.mode = len(data), 0o755 if runs else 0o644
            packed.addfile(one, io.BytesIO(data))
    return made.getvalue()


def _list_folders(paths: Iterable[str]) -> list[str]:
    """All above some files, those above first."""
    parts = (path.split("/") for path in paths)
    found = {"/".join(one[:depth]) for one in parts for depth in range(1, len(one))}
    return sorted(found - {"."})
