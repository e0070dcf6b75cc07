"""The lens of a photograph, from the photograph's metadata."""

import math

from crackscan.edge.measurement.scale.lens import Lens, build_pinhole_lens
from crackscan.edge.measurement.scale.parameters import PARAMETERS
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
"""Width of the sensor by EXIF model, from data sheets. (Sony's 1-inch sensor is 13.2 mm wide.)"""
FILM_DIAGONAL_MM = math.hypot(36, 24)
FocalLength = tuple[float, float, str]
"""Focal length in px of the picture as taken, its relative 90 % uncertainty, and its origin."""


def find_photo_lens(photo: PhotoData, width_px: int, height_px: int) -> Lens | str:
    """Find the lens of a photograph of this size (once upright), or say why it is unknown.

    Sources, in this order: the maker's calibration (XMP); focal length and sensor (the focal plane
    resolution of EXIF, or the table of drones); the equivalent focal length for 35 mm film. If the
    photograph was scaled after it was taken, the focal length is scaled with it; if it was
    cropped, the lens is unknown. A panorama has no single lens.
    """
    if photo.panorama:
        return "the photograph is a panorama, which has no single focal length and scale"
    long_px, short_px = max(width_px, height_px), min(width_px, height_px)
    taken = (photo.taken_width_px, photo.taken_height_px)
    taken_long_px, taken_short_px = (
        (max(taken[0], taken[1]), min(taken[0], taken[1]))  # type: ignore[type-var]
        if None not in taken
        else (long_px, short_px)
    )
    assert taken_long_px is not None and taken_short_px is not None
    if not taken_long_px or not taken_short_px:
        taken_long_px, taken_short_px = long_px, short_px
    factor = long_px / taken_long_px
    if abs(short_px / taken_short_px / factor - 1) > PARAMETERS.cropped_share:
        return (
            f"the photograph was cropped from {taken_long_px}x{taken_short_px} px, so its focal "
            "length is unknown"
        )
    zoom = photo.zoom if photo.zoom is not None and photo.zoom > 1.001 else 1.0
    found = _use_calibration(photo, zoom) or _use_sensor(photo, taken_long_px, zoom)
    if found is None:
        found = _use_film(photo, math.hypot(taken_long_px, taken_short_px))
        if found is not None and zoom > 1:
            return f"the photograph has a digital zoom ({zoom:g}x), so its focal length is unknown"
    if found is None:
        return "the photograph has no focal length in its metadata (EXIF)"
    focal_px, share, origin = found
    name = f"{photo.model or 'camera'} ({origin})"
    return build_pinhole_lens(width_px, height_px, focal_px * factor, share, name)


def _use_calibration(photo: PhotoData, zoom: float) -> FocalLength | None:
    if photo.focal_px is None or zoom > 1:
        return None
    return photo.focal_px, PARAMETERS.calibrated_photo_share, "XMP"


def _use_sensor(photo: PhotoData, taken_long_px: int, zoom: float) -> FocalLength | None:
    if photo.focal_mm is None:
        return None
    # Makers round the focal length to 0.01 mm or more.
    share = math.hypot(PARAMETERS.sensor_photo_share, 0.005 / photo.focal_mm)
    sensor_mm = SENSOR_WIDTH_MM.get((photo.model or "").strip())
    if sensor_mm is not None:
        return photo.focal_mm * taken_long_px / sensor_mm * zoom, share, "EXIF, drone"
    if photo.sensor_px_per_mm is not None:
        # EXIF does not say whether these pixels are counted before or after the digital zoom.
        return (photo.focal_mm * photo.sensor_px_per_mm, share, "EXIF") if zoom == 1 else None
    return None


def _use_film(photo: PhotoData, taken_diagonal_px: float) -> FocalLength | None:
    if photo.focal_35mm_mm is None:
        return None
    # EXIF rounds this focal length to whole millimetres.
    share = math.hypot(PARAMETERS.film_photo_share, 0.45 / photo.focal_35mm_mm)
    focal_px = photo.focal_35mm_mm / FILM_DIAGONAL_MM * taken_diagonal_px
    return focal_px, share, "EXIF, 35 mm"
