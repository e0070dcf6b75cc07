"""The tuning constants of motion estimation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MotionParameters:
    """Thresholds of the estimate of motion between two frames.

    Values are hand-tuned unless their field names another source.
    """

    least_texture: float = 1.0
    """Standard deviation of the coarse picture, grey levels; below it there is nothing to match."""
    clip_deviations: float = 1.5
    """The coarse picture is clipped at this many standard deviations, so that one strong edge does
    not outweigh the rest of the wall."""
    least_correlation: float = 0.3
    """Correlation from which on two pictures belong together if corners agree. Measured: of pairs
    of different walls one in fifty reaches it, of pairs of one wall all but one in fifty."""
    least_correlation_alone: float = 0.5
    """The same if corners are too few or disagree."""
    small_overlap_penalty: float = 0.15
    """How much more correlation is asked for as the overlap of the two pictures goes to 0."""
    certain_correlation: float = 0.9
    """Correlation with which an expected motion needs no other guess."""
    preference_margin: float = 0.05
    """The expected motion is kept unless another guess correlates better by this much."""
    fast_share: float = 0.3
    """Shift by the shorter side of the picture; a wall that is lost at such a pace was too fast."""
    least_overlap: float = 0.12
    """Share of a picture that the other one must show, for a correlation to mean anything."""
    align_steps: int = 8
    """Iterations of the alignment at most."""
    align_stop_px: float = 0.05
    """A smaller step ends the alignment: it is an eightieth of a cell of 16 px in a frame of
    640x480."""
    align_longest_px: float = 3.0
    """A longer step diverges: the alignment is given up."""
    align_largest_turn: float = 0.1
    """A larger step in zoom (relative) or turn (rad) diverges, too."""
    corners: int = 100
    """Corners that are followed at most."""
    least_corners: int = 10
    """Fewer corners decide nothing."""
    corner_agreement: float = 0.35
    """Share of the corners that must agree on one similarity."""
    most_turn_rad: float = 0.35
    """Between two frames; a fit that turns further is a wrong one."""
    most_zoom_log: float = 0.3
    """The same for the logarithm of the zoom."""


DEFAULTS = MotionParameters()
