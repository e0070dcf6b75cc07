"""The file in which `crackscan calibrate` keeps a camera."""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from crackscan.core.durable_files import write_file
from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.lens import Lens

MARK = "crackscan_camera"
VERSION = 1
_NUMBERS = ("fx_px", "fy_px", "cx_px", "cy_px", "relative_uncertainty")


@dataclass(frozen=True)
class Calibrated:
    """A camera as measured, and how well."""

    lens: Lens
    views: int
    rms_px: float
    """Root mean square of the reprojection error."""


def write_camera(path: Path, camera: Calibrated) -> None:
    """Write a camera file, at once or not at all. Raises CrackscanError where that fails."""
    lens = camera.lens
    text = json.dumps(
        {
            MARK: VERSION,
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
    write_file(path, text.encode() + b"\n")


def read_camera(path: Path) -> Lens:
    """Read a camera file. Raises ScaleError for anything else, in one line."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScaleError(f"{path}: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or MARK not in found:
        raise ScaleError(f"{path} is no camera file: make one with `crackscan calibrate`")
    if found[MARK] != VERSION:
        raise ScaleError(f"{path} is a camera file of another crackscan: calibrate again")
    try:
        width, height = int(found["width_px"]), int(found["height_px"])
        fx, fy, cx, cy, share = (float(found[name]) for name in _NUMBERS)
        distortion = tuple(float(value) for value in found["distortion_k1_k2_p1_p2_k3"])
        good = min(width, height, fx, fy) > 0 and 0 <= share < 1 and len(distortion) in (0, 5)
        good = good and all(isfinite(value) for value in (fx, fy, cx, cy, *distortion))
        if not good:
            raise ValueError
        name = str(found["name"])
    except (KeyError, TypeError, ValueError):
        raise ScaleError(f"{path} is a damaged camera file: calibrate again") from None
    return Lens(width, height, fx, fy, cx, cy, share, name, distortion)
