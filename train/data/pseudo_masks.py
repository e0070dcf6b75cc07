"""Where the crack is in a patch that is only known to have one: darker than the wall around it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.train.data.examples import RGB


@dataclass(frozen=True)
class PseudoMaskParameters:
    """What is taken for the dark crack of a close-up."""

    min_depth: float = 14.0
    """Grey levels by which a crack is darker than its surroundings."""
    min_area_px: int = 40
    wall_window_px: int = 61
    """Window of the median that stands for the wall, wider than any crack in it."""


PARAMETERS = PseudoMaskParameters()


def dark_crack(rgb: RGB) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Pixels that are surely crack, and pixels that may be, each uint8 (H, W) of 0 or 255.

    A crack is what is clearly darker than the median of its surroundings and hangs together
    over more than a spot. Works where cracks are wide and dark on a plain wall, as in close-ups;
    in other pictures the first mask stays nearly empty, and the second leaves the cells unknown.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    wall = cv2.resize(cv2.medianBlur(small, PARAMETERS.wall_window_px // 2 | 1), grey.shape[::-1])
    depth = cv2.GaussianBlur(wall.astype(np.float32) - grey, (0, 0), 1.0)
    deepest = float(np.percentile(depth, 99.5))
    surely = max(0.5 * deepest, PARAMETERS.min_depth)
    core = _drop_spots(depth > surely)
    maybe = _drop_spots(depth > 0.5 * surely)
    return core, np.maximum(maybe, core)


def _drop_spots(pixels: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Keep what is larger than a spot: area enough, and longer than a pore is wide."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(pixels.astype(np.uint8), connectivity=8)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (stats[:, cv2.CC_STAT_AREA] >= PARAMETERS.min_area_px) & (extent >= 16)
    keep[0] = False
    return np.where(keep[labels], np.uint8(255), np.uint8(0))
