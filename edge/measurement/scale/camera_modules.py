"""The Raspberry Pi camera modules: pixel, sensor and lens, from the makers' data sheets."""

from dataclasses import dataclass

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.lens import Lens, build_pinhole_lens
from crackscan.edge.measurement.scale.parameters import PARAMETERS


@dataclass(frozen=True)
class CameraModule:
    """A camera module."""

    sensor: str
    title: str
    pixel_um: float
    width_px: int
    height_px: int
    focal_mm: float | None
    """None if the module has no lens of its own."""


CAMERA_MODULES = {
    "v1": CameraModule("ov5647", "Camera Module 1", 1.4, 2592, 1944, 3.60),
    "v2": CameraModule("imx219", "Camera Module 2", 1.12, 3280, 2464, 3.04),
    "v3": CameraModule("imx708", "Camera Module 3", 1.4, 4608, 2592, 4.74),
    "v3-wide": CameraModule("imx708_wide", "Camera Module 3 Wide", 1.4, 4608, 2592, 2.75),
    "hq": CameraModule("imx477", "HQ Camera", 1.55, 4056, 3040, None),
    "gs": CameraModule("imx296", "Global Shutter Camera", 3.45, 1456, 1088, None),
    "ai": CameraModule("imx500", "AI Camera", 1.55, 4056, 3040, 4.74),
}
"""Modules by the name that `--camera` takes; it takes the name of the sensor, too."""


def find_module(name: str) -> CameraModule | None:
    """Find a module by its name or that of its sensor; None for any other word."""
    lower = name.lower()
    by_sensor = (one for one in CAMERA_MODULES.values() if one.sensor == lower)
    return CAMERA_MODULES.get(lower) or next(by_sensor, None)


def build_module_lens(
    module: CameraModule, lens_mm: float | None, width_px: int, height_px: int
) -> Lens:
    """Build the lens of a module for frames of one size.

    The frame must show the full width of the sensor. All sensor modes do, by binning or scaling,
    except the cropped modes with a high frame rate.

    Raises ScaleError if the module has no lens and `lens_mm` is None, or if it has one and
    `lens_mm` is given.
    """
    if module.focal_mm is None and lens_mm is None:
        raise ScaleError(
            f"the {module.title} comes without a lens: give its focal length with --lens"
        )
    if module.focal_mm is not None and lens_mm is not None:
        raise ScaleError(f"the {module.title} has a lens of its own: leave --lens out")
    focal_mm = module.focal_mm or lens_mm or 0.0
    share = PARAMETERS.fixed_lens_share if module.focal_mm else PARAMETERS.mounted_lens_share
    longest_px = max(width_px, height_px)
    focal_px = focal_mm / (module.pixel_um / 1000) * longest_px / module.width_px
    return build_pinhole_lens(width_px, height_px, focal_px, share, module.title)
