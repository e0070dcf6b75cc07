"""The software that a scan needs: system, Python, packages, runtime and model."""

import hashlib
import platform
import struct
import sys
from base64 import urlsafe_b64decode
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.appliance.doctor.check import (
    Check,
    State,
    report_broken,
    report_ok,
    report_warning,
)

OLDEST_PYTHON = (3, 11)
_OPENCV = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless")


def check_system(root: Path = Path("/")) -> Check:
    """A 64-bit system: a 64-bit kernel under 32-bit programs does not suffice."""
    bits = struct.calcsize("P") * 8
    found = f"{_os_name(root)}, {platform.machine()}, {bits}-bit programs"
    if bits == 64:
        return report_ok("system", found)
    return report_warning(
        "system",
        found,
        "64-bit Raspberry Pi OS is several times faster, and new runtimes exist for it only",
    )


def check_python() -> Check:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= OLDEST_PYTHON:
        return report_ok("python", found)
    return report_broken("python", found, "install Python 3.11 or newer")


def check_package(name: str, module: str, advice: str) -> Check:
    """A package that must be there, and must load."""
    try:
        loaded = import_module(module)
    except ModuleNotFoundError as error:
        return report_broken(name, f"{error.name} is missing", advice)
    except Exception as error:  # a library that it needs, or one built for another numpy
        return report_broken(name, f"does not load: {' '.join(str(error).split())}", advice)
    return report_ok(name, f"{loaded.__version__} ({Path(loaded.__file__ or '').parent})")


def check_numpy() -> Check:
    return check_package("numpy", "numpy", "apt install python3-numpy, or pip install numpy")


def check_opencv() -> Check:
    advice = "apt install python3-opencv, or pip install opencv-python-headless"
    check = check_package("opencv", "cv2", advice)
    several = [one for one in _OPENCV if _installed(one)]
    if check.state is State.OK and len(several) > 1:
        return report_warning(
            "opencv",
            f"{check.found}; installed side by side: {', '.join(several)}",
            f"they overwrite each other: pip uninstall {' '.join(several[1:])}, and install"
            f" {several[0]} again",
        )
    return check


def check_pillow() -> Check:
    return check_package("pillow", "PIL", "apt install python3-pil, or pip install pillow")


def check_runtime() -> Check:
    """The TFLite runtime, and whether it uses XNNPACK for this model."""
    from crackscan.edge.inference.model import find_model
    from crackscan.edge.inference.runtime import open_interpreter, uses_delegate

    try:
        interpreter, name = open_interpreter(find_model(), 1)
    except CrackscanError as error:
        return report_broken("runtime", str(error), "")
    with drop_stderr():
        interpreter.allocate_tensors()
    fast = uses_delegate(interpreter)
    if fast is None:
        return report_ok("runtime", f"{name}; whether it uses XNNPACK is not known")
    if fast:
        return report_ok("runtime", f"{name} with XNNPACK")
    return report_warning(
        "runtime",
        f"{name} without XNNPACK",
        "it works, but slowly: pip install ai-edge-litert (64-bit systems)",
    )


def check_model(name: str = "") -> Check:
    """The model that a scan would use, and whether its file is still what was installed."""
    from crackscan.edge.inference.model import Model

    loaded = Model.load(name or None, 1)
    digest = hashlib.sha256(loaded.path.read_bytes()).hexdigest()
    found = f"{loaded.card.name} {loaded.card.version}, {loaded.path}, sha256 {digest[:16]}"
    recorded = recorded_hash(loaded.path)
    if recorded in (None, digest):
        return report_ok("model", found if recorded is None else f"{found}, as installed")
    return report_broken(
        "model",
        f"{found}, but {recorded[:16]} was installed: the file has changed",
        "install crackscan again; an SD card that changes files is worn out",
    )


def recorded_hash(path: Path) -> str | None:
    """The SHA-256 that pip's record has of one of our files, hexadecimal; None where it has none,
    as for a checkout."""
    try:
        files = distribution("crackscan").files or ()
    except PackageNotFoundError:
        return None
    for file in files:
        if file.name == path.name and file.hash and Path(str(file.locate())).samefile(path):
            value = urlsafe_b64decode(file.hash.value + "=" * (-len(file.hash.value) % 4))
            return value.hex() if file.hash.mode == "sha256" else None
    return None


def check_self_test(name: str = "") -> Check:
    """Whether the model finds the crack in a picture, and none in another."""
    from crackscan.edge.inference.model import Model
    from crackscan.edge.inference.self_test import self_test as judge

    result = judge(Model.load(name or None, 1))
    if result.passed:
        return report_ok("self-test", str(result))
    return report_broken(
        "self-test",
        f"the model fails: {result}",
        "use another model: crackscan model rollback, or crackscan model use crack-s",
    )


def _installed(package_name: str) -> bool:
    try:
        return bool(version(package_name))
    except PackageNotFoundError:
        return False


def _os_name(root: Path) -> str:
    try:
        lines = (root / "etc/os-release").read_text().splitlines()
    except OSError:
        return platform.system()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values.get("PRETTY_NAME", platform.system()).strip('"')
