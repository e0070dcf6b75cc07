"""The lens of a photograph, from what the photograph says of itself."""

import math

from crackscan.edge.measurement.scale.lens import Lens, plain_lens
from crackscan.edge.positioning.photo import PhotoData

SENSOR_WIDTH_MM = {
    "FC220": 6.17,  # DJI Mavic Pro
    "FC330": 6.17,  # DJI Phantom 4
    "FC300X": 6.17,  # DJI Phantom 3 Professional
    "FC350": 6.17,  # DJI Zenmuse X3
    "FC550": 17.3,  # DJI Zenmuse X5
    "FC6310": 13.2,  # DJI Phantom 4 Pro
    "FC6310S": 13.2,
    "FC6310R": 13.2,  # DJI Phantom 4 RTK
    "FC6510": 13.2,  # DJI Zenmuse X4S
    "FC6520": 17.3,  # DJI Zenmuse X5S
    "L1D-20c": 13.2,  # Hasselblad, DJI Mavic 2 Pro
    "L2D-20c": 17.3,  # Hasselblad, DJI Mavic 3
    "FC3411": 13.2,  # DJI Air 2S
    "M3E": 17.3,  # DJI Mavic 3 Enterprise
    "ZenmuseP1": 35.9,  # DJI Zenmuse P1
    "XT705": 13.2,  # Autel EVO II Pro
}
"""By the EXIF model, as the makers' data sheets have it. (Sony's 1-inch sensor is 13.2 mm wide.)"""
FILM_DIAGONAL_MM = math.hypot(36, 24)
CALIBRATED, BY_SENSOR, BY_FILM = 0.01, 0.03, 0.03
"""Relative 90 % uncertainty of a focal length by where it comes from; rounding comes on top."""
_SAME_SHAPE = 0.02


def photo_lens(photo: PhotoData, width_px: int, height_px: int) -> Lens | str:
    """The lens of a photograph that is `width_px` x `height_px` once upright, or why it has none.

    In this order: the maker's calibration (XMP), focal length and sensor (EXIF's focal plane
    resolution, or the table of drones), the focal length for 35 mm film. A photograph that was
    scaled since has a focal length in px scaled with it; one that was cropped has none.
    """
    wide, high = max(width_px, height_px), min(width_px, height_px)
    taken = (photo.taken_width_px, photo.taken_height_px)
    taken_wide, taken_high = (
        (max(taken[0], taken[1]), min(taken[0], taken[1]))  # type: ignore[type-var]
        if None not in taken
        else (wide, high)
    )
    assert taken_wide is not None and taken_high is not None
    if not taken_wide or not taken_high:
        taken_wide, taken_high = wide, high
    shrunk = wide / taken_wide
    if abs(high / taken_high / shrunk - 1) > _SAME_SHAPE:
        return (
            f"it was cropped from {taken_wide}x{taken_high} px: its focal length no longer tells "
            "the view"
        )
    zoom = photo.zoom if photo.zoom is not None and photo.zoom > 1.001 else 1.0
    found = _calibrated(photo, zoom) or _by_sensor(photo, taken_wide, zoom)
    if found is None:
        found = _by_film(photo, math.hypot(taken_wide, taken_high))
        if found is not None and zoom > 1:
            return f"it is zoomed digitally ({zoom:g}x), and does not tell its focal length by that"
    if found is None:
        return "it does not tell its focal length (EXIF)"
    focal_px, share, how = found
    name = f"{photo.model or 'camera'} ({how})"
    return plain_lens(width_px, height_px, focal_px * shrunk, share, name)


Found = tuple[float, float, str]
"""Focal length in px of the picture as taken, its relative uncertainty, and where it comes from."""


def _calibrated(photo: PhotoData, zoom: float) -> Found | None:
    if photo.focal_px is None or zoom > 1:
        return None
    return photo.focal_px, CALIBRATED, "XMP"


def _by_sensor(photo: PhotoData, taken_wide: int, zoom: float) -> Found | None:
    if photo.focal_mm is None:
        return None
    # The makers round the focal length to 0.01 mm or more.
    share = math.hypot(BY_SENSOR, 0.005 / photo.focal_mm)
    sensor_mm = SENSOR_WIDTH_MM.get((photo.model or "").strip())
    if sensor_mm is not None:
        return photo.focal_mm * taken_wide / sensor_mm * zoom, share, "EXIF, drone"
    if photo.sensor_px_per_mm is not None:
        # EXIF counts these pixels after the digital zoom or before: it does not tell.
        return (photo.focal_mm * photo.sensor_px_per_mm, share, "EXIF") if zoom == 1 else None
    return None


def _by_film(photo: PhotoData, taken_diagonal: float) -> Found | None:
    if photo.focal_35mm_mm is None:
        return None
    share = math.hypot(BY_FILM, 0.45 / photo.focal_35mm_mm)  # it is rounded to whole mm
    focal_px = photo.focal_35mm_mm / FILM_DIAGONAL_MM * taken_diagonal
    return focal_px, share, "EXIF, 35 mm"
