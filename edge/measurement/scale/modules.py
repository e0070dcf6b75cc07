"""The Raspberry Pi's camera modules: pixel, sensor and lens, from their makers' data sheets."""

from dataclasses import dataclass

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.lens import Lens, plain_lens

OWN_LENS = 0.03
"""Relative 90 % uncertainty of the focal length of a fixed lens: production and focusing."""
MOUNTED_LENS = 0.05
"""The same for an interchangeable lens, whose nominal focal length is rounded."""


@dataclass(frozen=True)
class Module:
    """A camera module."""

    sensor: str
    title: str
    pixel_um: float
    width_px: int
    height_px: int
    focal_mm: float | None
    """None where the lens is chosen by the user."""


MODULES = {
    "v1": Module("ov5647", "Camera Module 1", 1.4, 2592, 1944, 3.60),
    "v2": Module("imx219", "Camera Module 2", 1.12, 3280, 2464, 3.04),
    "v3": Module("imx708", "Camera Module 3", 1.4, 4608, 2592, 4.74),
    "v3-wide": Module("imx708_wide", "Camera Module 3 Wide", 1.4, 4608, 2592, 2.75),
    "hq": Module("imx477", "HQ Camera", 1.55, 4056, 3040, None),
    "gs": Module("imx296", "Global Shutter Camera", 3.45, 1456, 1088, None),
    "ai": Module("imx500", "AI Camera", 1.55, 4056, 3040, 4.74),
}
"""By the name that `--camera` takes; the sensor's name is taken too."""


def module_of(name: str) -> Module | None:
    """The module with this name or sensor, None for any other word."""
    low = name.lower()
    return MODULES.get(low) or next((m for m in MODULES.values() if m.sensor == low), None)


def module_lens(module: Module, lens_mm: float | None, width_px: int, height_px: int) -> Lens:
    """The lens of a module for frames of one size.

    The frame shows the sensor's whole width, however its pixels were binned or scaled: so do all
    sensor modes but the cropped ones of high frame rate.

    Raises ScaleError where the module comes without a lens and none is told, or the other way
    round.
    """
    if module.focal_mm is None and lens_mm is None:
        raise ScaleError(
            f"the {module.title} comes without a lens: give its focal length with --lens"
        )
    if module.focal_mm is not None and lens_mm is not None:
        raise ScaleError(f"the {module.title} has a lens of its own: leave --lens out")
    focal_mm = module.focal_mm or lens_mm or 0.0
    share = OWN_LENS if module.focal_mm else MOUNTED_LENS
    wide_px = max(width_px, height_px)
    focal_px = focal_mm / (module.pixel_um / 1000) * wide_px / module.width_px
    return plain_lens(width_px, height_px, focal_px, share, module.title)
