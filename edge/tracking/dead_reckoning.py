"""Dead reckoning: poses of frames that are predicted instead of registered.

While the wall passes slowly and at a steady pace, only every few frames are registered. A quick
registration check, which compares a few rows, ensures that a frame between them is as clear as the
last registered one.
"""

from dataclasses import dataclass

import cv2

from crackscan.core.pictures import RGB
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Finding
from crackscan.edge.tracking.motion import Motion
from crackscan.edge.tracking.registration import PredictedPose, WallRegistration


@dataclass(frozen=True)
class DeadReckoningParameters:
    """Limits within which a pose is predicted. The values are hand-tuned."""

    most_frames: int = 5
    """Frames in a row whose pose is predicted; the next one is registered."""
    most_cells: float = 2.2
    """Cells that the wall may have moved since the last registered frame."""
    most_s: float = 0.4
    """Age of the last registered frame."""
    steady_cells: float = 0.25
    """Cells by which the last registered frame may have been off its prediction."""
    least_correlation: float = 0.6
    """Correlation with which the last registered frame must have matched."""
    edge_change: float = 0.15
    """Relative change of the edge strength, in x and in y, that passes the check."""
    brightness_change: float = 12.0
    """Change of the mean brightness, grey levels, that passes the check."""


DEFAULTS = DeadReckoningParameters()
_CHECKED_ROWS = 20
_PIXEL_DISTANCE = 3
"""Distance of the pixels whose difference is an edge, px."""


@dataclass(frozen=True)
class FrameSignature:
    """What the quick registration check compares: enough to notice blur, a cover or a cut."""

    brightness: float
    """Mean of some rows, grey levels."""
    across: float
    """Mean difference of pixels _PIXEL_DISTANCE apart in x, grey levels."""
    down: float
    """Mean difference of pixels _PIXEL_DISTANCE apart in y, grey levels."""

    @classmethod
    def from_rgb(cls, rgb: RGB) -> "FrameSignature":
        """The signature of a frame, uint8 (height, width, 3)."""
        height, width, colours = rgb.shape
        every = max(height // _CHECKED_ROWS, _PIXEL_DISTANCE + 1)
        whole, apart = rgb.reshape(height, width * colours), _PIXEL_DISTANCE * colours
        rows = whole[_PIXEL_DISTANCE::every]
        above = whole[::every][: len(rows)]
        return cls(
            cv2.mean(rows)[0],
            cv2.norm(rows[:, apart:], rows[:, :-apart], cv2.NORM_L1) / rows.size,
            cv2.norm(rows, above, cv2.NORM_L1) / rows.size,
        )

    def is_similar(
        self, other: "FrameSignature", parameters: DeadReckoningParameters = DEFAULTS
    ) -> bool:
        """Whether two frames may show the same wall equally clearly."""
        change = parameters.edge_change
        return (
            abs(self.brightness - other.brightness) <= parameters.brightness_change
            and abs(self.across - other.across) <= change * other.across
            and abs(self.down - other.down) <= change * other.down
        )


@dataclass(frozen=True)
class _RegisteredFrame:
    signature: FrameSignature
    captured_s: float
    shape: tuple[int, ...]


class DeadReckoning:
    """Predicts the poses of frames while the wall keeps a slow and steady pace."""

    def __init__(self, cell_px: int, parameters: DeadReckoningParameters = DEFAULTS) -> None:
        self.parameters = parameters
        self.predicted_frames = 0
        """Frames since the last one that was registered."""
        self._most_px = parameters.most_cells * cell_px
        self._steady_px = parameters.steady_cells * cell_px
        self._registered: _RegisteredFrame | None = None

    def predict_pose(
        self, frame: Frame, signature: FrameSignature, registration: WallRegistration
    ) -> PredictedPose | None:
        """The pose of a frame that need not be registered; None if it must be.

        After a frame was registered, `note_registered` is to be called.
        """
        last, p = self._registered, self.parameters
        if last is None or self.predicted_frames >= p.most_frames:
            return None
        if not signature.is_similar(last.signature, p):
            return None
        if frame.rgb.shape != last.shape or frame.captured_s - last.captured_s > p.most_s:
            return None
        predicted = registration.predict_pose(frame.index, self._most_px)
        self.predicted_frames += predicted is not None
        return predicted

    def note_registered(
        self, frame: Frame, signature: FrameSignature, registration: WallRegistration, sharp: bool
    ) -> None:
        """Take note of a frame that was registered, and whether it was sharp."""
        self.predicted_frames = 0
        motion = registration.motion
        steady = motion.lost is None and registration.prediction_error_px <= self._steady_px
        self._registered = None
        if sharp and steady and motion.confidence >= self.parameters.least_correlation:
            self._registered = _RegisteredFrame(signature, frame.captured_s, frame.rgb.shape)


def shift_finding(
    finding: Finding, motion: Motion, frame: Frame, shape: tuple[int, ...], cell_px: int
) -> Finding | None:
    """A finding of a registered frame, at its position in a later frame that was not registered.

    Args:
        motion: from the one frame to the other.
        shape: rows and columns of a crack map.

    Returns:
        None if the finding has left the view.
    """
    right, down = round(motion.dx), round(motion.dy)
    was, cells = finding.box, finding.cells
    box = BoundingBox(
        max(was.left + right, 0),
        max(was.top + down, 0),
        min(was.right + right, frame.width),
        min(was.bottom + down, frame.height),
    )
    over, below = round(motion.dx / cell_px), round(motion.dy / cell_px)
    if over or below:
        cells = tuple([(row + below, col + over) for row, col in cells])
        left, top = was.left // cell_px + over, was.top // cell_px + below
        end, bottom = -(-was.right // cell_px) + over, -(-was.bottom // cell_px) + below
        if left < 0 or top < 0 or end > shape[1] or bottom > shape[0]:
            cells = tuple([at for at in cells if 0 <= at[0] < shape[0] and 0 <= at[1] < shape[1]])
    if box.left >= box.right or box.top >= box.bottom or not cells:
        return None
    # The constructor, because `replace` is slower and this is done for every frame.
    return Finding(
        box,
        cells,
        finding.area_px,
        finding.probability,
        finding.peak,
        finding.mean,
    )
