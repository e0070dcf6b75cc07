"""Python environments of the contenders: one each, made where it is missing."""

import hashlib
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

MAX_REASON_LETTERS = 200
"""Letters of pip's last error that are kept as the reason."""


class InstallError(Exception):
    """Why an environment could not be made, in one line."""


def make_environment(
    folder: Path, installs: Sequence[Sequence[str]], borrowing: bool = False
) -> Path:
    """The Python of an environment in `folder` after these calls of `pip install`.

    It is made once; other calls make it again. `borrowing`: it also sees the packages of the
    environment that runs this, so that large ones are not installed twice.

    Raises:
        InstallError: pip failed.
    """
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = hashlib.sha256(repr((installs, borrowing, sys.version)).encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    venv.create(folder, clear=True)
    if borrowing:
        within = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
        lender = Path(within["purelib"]) / "lender.pth"
        lender.write_text(sysconfig.get_paths()["purelib"] + "\n")
    for words in installs:
        # The pip that is here, for one of its own would take a minute on a busy machine.
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        command = [*pip, "--disable-pip-version-check", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InstallError(_failure_reason(done.stderr) or f"pip ended with {done.returncode}")
    stamp.write_text(wanted)
    return python


def module_path(folder: Path) -> dict[str, str]:
    """The variables with which any Python finds this checkout as `crackscan`.

    Args:
        folder: a link to the checkout is kept in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    link, checkout = folder / "crackscan", Path(__file__).resolve().parents[2]
    if not link.is_symlink() or link.resolve() != checkout:
        link.unlink(missing_ok=True)
        link.symlink_to(checkout)
    return dict(os.environ) | {"PYTHONPATH": str(folder.absolute()), "PYTHONNOUSERSITE": "1"}


def _failure_reason(stderr: str) -> str:
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")]
    text = " ".join((errors or stderr.splitlines() or [""])[-1].removeprefix("ERROR:").split())
    return text if len(text) <= MAX_REASON_LETTERS else f"{text[:MAX_REASON_LETTERS]}…"
