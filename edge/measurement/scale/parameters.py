"""The uncertainties that the scale is estimated with.

Every uncertainty is half of a 90 % interval, unless its description says otherwise.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScaleEstimationParameters:
    """Uncertainties and limits of the scale; `share` means relative to the value."""

    distance_share: float = 0.05
    """Uncertainty of a distance for which the user gives none."""
    device_share: float = 0.05
    """Relative part of the uncertainty of a distance from an unknown device."""
    device_m: float = 0.2
    """Fixed part of the same."""
    laser_share: float = 0.002
    """Relative part of the uncertainty of a laser rangefinder: DJI states 0.2 m + 0.15 %."""
    laser_m: float = 0.2
    """Fixed part of the same."""
    rangefinder_share: float = 0.02
    """Relative part of the uncertainty of an autopilot's rangefinder: small time-of-flight sensors
    are mostly specified to a few per cent."""
    rangefinder_m: float = 0.05
    """Fixed part of the same."""

    click_px: float = 1.5
    """Uncertainty of each coordinate of a point that a person marked in a picture."""
    shortest_px: float = 10.0
    """Two points that are closer together give no scale."""
    length_share: float = 0.01
    """Uncertainty of a length that a person measured on the wall."""

    fixed_lens_share: float = 0.03
    """Uncertainty of the focal length of a camera module's own lens: production and focus."""
    mounted_lens_share: float = 0.05
    """Uncertainty of the focal length of an interchangeable lens, whose label is rounded."""
    calibrated_photo_share: float = 0.01
    """Uncertainty of a focal length that the maker calibrated (XMP)."""
    sensor_photo_share: float = 0.03
    """Uncertainty of a focal length from EXIF and the size of the sensor; rounding is added."""
    film_photo_share: float = 0.03
    """Uncertainty of a focal length from its equivalent for 35 mm film; rounding is added."""
    assumed_focal: float = 0.9
    """Focal length that is assumed for an unknown lens, in frame widths: an ordinary camera's."""
    assumed_focal_share: float = 0.35
    """Uncertainty of the assumed focal length."""
    unknown_distortion: float = 0.06
    """Bound of the distortion coefficient k1 of a lens that was not calibrated."""
    same_shape_share: float = 0.01
    """Frames have the same shape if the ratios of their sides differ by no more."""
    cropped_share: float = 0.02
    """A photograph was cropped if the ratio of its sides differs by more from that when taken."""

    unknown_tilt_deg: float = 10.0
    """Bound of the tilt of a wall whose tilt was not measured."""
    crack_points: int = 200
    """Number of points along a crack at which the scale is evaluated."""

    print_share: float = 0.005
    """Uncertainty of the size of the printed target; its ruler shows errors of 0.5 mm in 150 mm."""
    target_lift_share: float = 0.005
    """Distance of the target from the wall that it lies on, relative to the camera's distance."""
    worst_misfit_px: float = 2.0
    """Largest median distance of the corners from a plane; beyond it, markers were misread."""
    least_corner_noise_px: float = 0.1
    """Smallest standard deviation that is assumed for detected corners."""
    fewest_corners: int = 6
    """A plane is fitted to at least this many corners."""


PARAMETERS = ScaleEstimationParameters()
