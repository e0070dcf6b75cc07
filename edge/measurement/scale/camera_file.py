"""The camera file that `crackscan calibrate` writes."""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.lens import Lens

VERSION_KEY = "crackscan_camera"
VERSION = 1
_NUMBERS = ("fx_px", "fy_px", "cx_px", "cy_px", "relative_uncertainty")


@dataclass(frozen=True)
class CalibratedCamera:
    """The result of a calibration."""

    lens: Lens
    views: int
    """Number of views that the fit used."""
    rms_px: float
    """Root mean square of the reprojection error."""


def write_camera(path: Path, camera: CalibratedCamera) -> None:
    """Write a camera file atomically. Raises CrackscanError if that fails."""
    lens = camera.lens
    text = json.dumps(
        {
            VERSION_KEY: VERSION,
            "name": lens.name,
            "width_px": lens.width_px,
            "height_px": lens.height_px,
            **{name: round(getattr(lens, name), 6) for name in _NUMBERS},
            "distortion_k1_k2_p1_p2_k3": [round(value, 8) for value in lens.distortion],
            "views": camera.views,
            "reprojection_rms_px": round(camera.rms_px, 4),
        },
        indent=2,
    )
    write_atomically(path, text.encode() + b"\n")


def read_camera(path: Path) -> Lens:
    """Read a camera file. Raises ScaleError if the file is missing, damaged or something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScaleError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        data = None
    if not isinstance(data, dict) or VERSION_KEY not in data:
        raise ScaleError(f"{path} is not a camera file: make one with `crackscan calibrate`")
    if data[VERSION_KEY] != VERSION:
        raise ScaleError(f"{path} is from another version of crackscan: calibrate again")
    try:
        width, height = int(data["width_px"]), int(data["height_px"])
        fx, fy, cx, cy, share = (float(data[name]) for name in _NUMBERS)
        distortion = tuple(float(value) for value in data["distortion_k1_k2_p1_p2_k3"])
        valid = min(width, height, fx, fy) > 0 and 0 <= share < 1 and len(distortion) in (0, 5)
        valid = valid and all(isfinite(value) for value in (fx, fy, cx, cy, *distortion))
        if not valid:
            raise ValueError
        name = str(data["name"])
    except (KeyError, TypeError, ValueError):
        raise ScaleError(f"{path} is a damaged camera file: calibrate again") from None
    return Lens(width, height, fx, fy, cx, cy, share, name, distortion)
