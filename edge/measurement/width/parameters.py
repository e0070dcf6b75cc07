"""The constants of centre line detection and width estimation.

"Measured" values come from the renderings of `crackscan-convert width` and from the masks of
DeepCrack, unless a source is named.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class SearchParameters:
    """Constants of the search for centre lines in the cells of a picture."""

    margin_px: int = 8
    """Distance by which a centre line may leave the cells."""
    context_px: int = 48
    """Border of the picture around the cells that the filters see."""
    tile_px: int = 1024
    """Larger pictures are searched in tiles of about this size, which bounds the memory."""
    illumination_px: int = 65
    """Side of the square whose mean is the illumination at its centre."""
    most_ridges: int = 300_000
    """If there are more ridge points, only the strongest are used; bounds time and memory."""
    crack_quantile: float = 0.6
    """Quantile of the cells' strongest responses that represents the crack."""
    least_response: float = 0.2
    """A ridge point has at least this share of the crack's response."""
    bridge_px: float = 12.0
    """Longest gap that is bridged in lines of the two finest levels; it doubles with each further
    level."""
    dense_points: int = 8_000
    """Lines with more points than this are sampled in longer steps."""
    longest_step_px: float = 3.0
    """Limit of that step."""


@dataclass(frozen=True)
class RidgeParameters:
    """Constants of the detection of ridges and of their linking to lines."""

    levels: int = 4
    """Number of pyramid levels; each halves the picture once more. The ridges on them are about 3,
    6, 12 and 25 px wide."""
    sigma: float = 1.5
    """Standard deviation of the Gaussian derivatives on each level, pixels of that level."""
    pixel_tolerance: float = 0.55
    """A ridge point lies at most this far from the centre of its pixel in x and in y, px; 0.5 would
    lose points to rounding."""
    fewest_linked: int = 3
    """A chain has at least this many ridge points."""
    link_angle_deg: float = 60.0
    """Largest angle between a link and the direction of the line."""
    bridge_candidates: int = 300
    """Number of chains, the strongest, between which gaps are bridged; bounds the time."""
    shortest_px: float = 14.0
    """Shorter lines are texture."""


@dataclass(frozen=True)
class WidthParameters:
    """Constants of the width estimation from brightness profiles.

    A "unit" is the sampling unit of a profile: 1, 2, 4 or 8 px, depending on its level.
    """

    level_widths_px: tuple[float, ...] = (5.5, 11.0, 22.0)
    """From each of these approximate widths on, profiles are sampled on the next level."""
    batch_size: int = 4096
    """Number of profiles that are compared at a time; bounds the memory."""
    independent_px: float = 8
    """Distance along a crack at which profiles count as independent."""

    loud_ratio: float = 1.4
    """Variance of all profiles of a wall over that of their calmer three quarters."""
    model_error: float = 0.03
    """Error of the rectangle model itself, as a share of the crack's contrast."""
    least_blur_deviation: float = 0.12
    """Smallest standard deviation of the logarithm of the blur along a crack."""
    usual_blur_px: float = 1.1
    """Median of the prior of the blur: two thirds of cameras are between 0.7 and 1.8 px."""
    blur_deviation: float = 0.5
    """Standard deviation of the logarithm of the blur in its prior."""
    pixel_blur_px: float = 0.5
    """Blur that the area of a pixel and the interpolation add."""
    tone_error: float = 0.15
    """90 % uncertainty of a width because the tone curve is unknown, in blur deviations."""
    grid_refinement: int = 4
    """Interpolation factor of the grid of widths."""

    worst_share: float = 0.75
    """A width is measurable if its uncertainty is at most this share of it."""
    soft_blur_px: float = 2.5
    """If widths are not measurable, the reason is the blur from this value on, else the width."""
    measurable_share: float = 0.4
    """The width of a crack is given if it is measurable along this share of its length."""
    least_contrast: float = 3.5
    """Contrast that a point of a line needs, in standard deviations of the wall's texture."""
    least_evidence: float = 13.0
    """Contrast that a line as a whole needs: that of its independent points, added in quadrature,
    in the same unit."""
    evidence_per_decade: float = 6.0
    """Additional contrast of the clearest line for ten times as many cells, because more texture
    holds more that resembles a crack: in 196 cells of intact concrete it reaches 27 in one case of
    ten, while cracks of DeepCrack reach 44 and more."""
    least_depth: float = 0.5
    """A point whose depth is below this share of the crack's depth is not part of its opening."""
    crossing_length: float = 0.25
    """A line that merely crosses the crack has at most this share of the length of the others."""
    crossing_width: float = 4.0
    """A line that merely crosses the crack is at least this many times wider than the others."""
    border_px: float = 4.0
    """A line that comes this close to the border of the picture has left it."""
    shortest_px: float = 10.0
    """Shortest measurable line."""
    independent_width_px: float = 6
    """Distance along a line at which widths count as independent."""
    end_px: float = 4.0
    """90 % uncertainty of the position of a line's end."""
    smoothing_share: float = 0.03
    """90 % uncertainty of a length from the bends that smoothing removes, relative."""


SEARCH = SearchParameters()
RIDGE = RidgeParameters()
WIDTH = WidthParameters()
