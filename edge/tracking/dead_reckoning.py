"""Frames that need no matching: those of a wall that passes slowly, at a steady pace."""

from dataclasses import dataclass

import cv2

from crackscan.core.pictures import RGB
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Finding
from crackscan.edge.tracking.motion import Motion
from crackscan.edge.tracking.registration import Ahead, Wall

MOST = 5
"""So many frames are passed over, one after another; the next one is matched."""
_MOST_CELLS = 2.2
"""How far the wall may have gone since a frame was matched,"""
_MOST_S = 0.4
"""and how long ago that may be."""
_STEADY_CELLS = 0.25
"""How far off its pace the wall may have been there,"""
_SURE = 0.6
"""and how well that frame must have matched: its correlation."""
_ROWS, _APART_PX = 20, 3
_ALIKE, _AS_BRIGHT = 0.15, 12.0
"""By how much edges (a share) and brightness (grey levels) may differ from that frame's."""


@dataclass(frozen=True)
class Glance:
    """What a few rows tell of a frame: enough to see that it is blurred, covered or another."""

    brightness: float
    """Grey levels."""
    across: float
    down: float
    """Mean difference of px that lie _APART_PX from each other, grey levels."""

    @classmethod
    def at(cls, rgb: RGB) -> "Glance":
        """Of a frame, uint8 (height, width, 3)."""
        height, width, colours = rgb.shape
        every = max(height // _ROWS, _APART_PX + 1)
        whole, apart = rgb.reshape(height, width * colours), _APART_PX * colours
        rows = whole[_APART_PX::every]
        above = whole[::every][: len(rows)]
        return cls(
            cv2.mean(rows)[0],
            cv2.norm(rows[:, apart:], rows[:, :-apart], cv2.NORM_L1) / rows.size,
            cv2.norm(rows, above, cv2.NORM_L1) / rows.size,
        )

    def is_like(self, other: "Glance") -> bool:
        """Whether two frames may show the same wall as clearly."""
        return (
            abs(self.brightness - other.brightness) <= _AS_BRIGHT
            and abs(self.across - other.across) <= _ALIKE * other.across
            and abs(self.down - other.down) <= _ALIKE * other.down
        )


@dataclass(frozen=True)
class _Matched:
    glance: Glance
    captured_s: float
    shape: tuple[int, ...]


class Glide:
    """Passes over frames while the wall keeps its pace: where they look is known beforehand."""

    def __init__(self, cell_px: int) -> None:
        self._most_px, self._steady_px = (share * cell_px for share in (_MOST_CELLS, _STEADY_CELLS))
        self._matched: _Matched | None = None
        self.passed = 0
        """Frames since the last one that was matched."""

    def over(self, frame: Frame, glance: Glance, wall: Wall) -> Ahead | None:
        """Where a frame looks that need not be matched; None: match it, and tell `matched`."""
        last = self._matched
        if last is None or self.passed >= MOST or not glance.is_like(last.glance):
            return None
        if frame.rgb.shape != last.shape or frame.captured_s - last.captured_s > _MOST_S:
            return None
        ahead = wall.ahead(frame.index, self._most_px)
        self.passed += ahead is not None
        return ahead

    def matched(self, frame: Frame, glance: Glance, wall: Wall, clear: bool) -> None:
        """Take note of a frame that was matched, and showed the wall clearly or not."""
        self.passed = 0
        motion = wall.motion
        steady = motion.lost is None and wall.surprise_px <= self._steady_px
        self._matched = None
        if clear and steady and motion.confidence >= _SURE:
            self._matched = _Matched(glance, frame.captured_s, frame.rgb.shape)


def moved(
    finding: Finding, motion: Motion, frame: Frame, shape: tuple[int, ...], cell_px: int
) -> Finding | None:
    """A finding of a matched frame, where a later frame has it that was not matched.

    Args:
        motion: from the one to the other.
        shape: rows and columns of a crack map.

    Returns:
        None if it has left the view.
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
    return Finding(
        frame.name,
        frame.index,
        frame.clip_s,
        frame.wall_s,
        box,
        cells,
        finding.area_px,
        finding.probability,
        finding.peak,
        finding.mean,
    )
