"""From frames and their crack maps to findings that are counted once: the stages in order."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count

import numpy as np

from crackscan.edge.evidence import Evidence
from crackscan.edge.finding import CrackMap, Rule
from crackscan.edge.frame import Frame
from crackscan.edge.motion import Motion, Small, shrink
from crackscan.edge.sharpness import Clarity, Detail, Verdict, judge, measure
from crackscan.edge.tracking import Followed, Tracked, Tracker
from crackscan.edge.wall import Place, Wall

MEASURED_EVERY = 12
"""So many frames share a measurement of sharpness, while nothing changes."""
_ALIKE = 0.12
_COMPARED_S = 5.0
"""How old a frame may be with which another's sharpness is compared,"""
_COMPARED_WITHIN = 0.5
"""and how far off, in widths of the view."""


@dataclass(frozen=True, eq=False)
class Look:
    """What is known of a frame before the model has seen it."""

    clarity: Clarity
    motion: Motion
    place: Place | None
    """None: the frame cannot be placed on the wall."""


@dataclass(frozen=True, eq=False)
class Result:
    """What is known of a frame after the model has seen it."""

    followed: Followed
    shown: Callable[[], CrackMap]
    """Gives the evidence in this frame, now or later."""

    @cached_property
    def evidence(self) -> CrackMap:
        """The accumulated evidence in this frame, with the same threshold as a crack map."""
        return self.shown()


@dataclass(frozen=True, eq=False)
class _Compared:
    detail: Detail
    place: Place
    seen_s: float


@dataclass(frozen=True)
class _Measured:
    detail: Detail
    edges: tuple[float, float]
    """Of the small picture of the same frame."""
    piece: int | None
    """Of the wall, that the same frame shows."""
    reference: Detail | None
    """What the same frame's detail is compared with."""
    age: int = 1

    def is_like(self, small: Small) -> bool:
        """Whether a later frame has about as strong edges in each direction."""
        return all(
            abs(now - then) <= _ALIKE * then
            for now, then in zip(small.edges, self.edges, strict=True)
        )


@dataclass(frozen=True, eq=False)
class _Piece:
    """What is remembered of one piece of wall."""

    evidence: Evidence
    tracker: Tracker


class Follower:
    """Follows one camera: `look` at each frame, then `add` its crack map.

    A frame that `look` finds not usable need not go to the model; `skip` it.
    """

    def __init__(self, rule: Rule, numbers: Iterator[int] | None = None) -> None:
        """`numbers` gives the findings their identities; from 1, if it is not given."""
        self.rule = rule
        self._wall = Wall()
        self._numbers = numbers or count(1)
        self._pieces: dict[int, _Piece] = {}
        self._compared: deque[_Compared] = deque(maxlen=24)
        self._measured: _Measured | None = None

    def look(self, frame: Frame) -> Look:
        """Where a frame looks and how clearly."""
        small = shrink(frame.rgb)
        place = self._wall.locate(small, frame.seen_s)
        measured = self._measure(frame, small, place)
        clarity = judge(measured.detail, self._wall.motion, measured.reference)
        if measured.age == 1 and place is not None and clarity.verdict is Verdict.SHARP:
            self._compared.append(_Compared(measured.detail, place, frame.seen_s))
        return Look(clarity, self._wall.motion, place)

    def add(self, frame: Frame, look: Look, crack_map: CrackMap) -> Result:
        """Take in a frame's crack map, float32 (rows, cols)."""
        if look.place is None:
            return Result(self.skip(), partial(np.zeros_like, crack_map))
        piece = self._pieces.get(look.place.piece)
        if piece is None:
            piece = _Piece(
                Evidence(crack_map.shape[0], crack_map.shape[1], self.rule),
                Tracker(self.rule, self._numbers),
            )
            self._pieces[look.place.piece] = piece
        pose = look.place.pose
        piece.evidence.add(crack_map, pose, look.clarity.weight, frame.seen_s)
        evidence = piece.evidence
        squares = evidence.in_frame(evidence.grid, pose)
        followed = piece.tracker.follow(frame, crack_map, evidence, squares, pose, look.clarity)
        ended = (*followed.ended, *self._left_behind())
        return Result(
            Followed(followed.here, followed.confirmed, ended, followed.absorbed),
            partial(evidence.shown, squares),
        )

    def skip(self) -> Followed:
        """Go on without a frame's crack map."""
        return Followed(ended=self._left_behind())

    def use(self, rule: Rule) -> None:
        """Go on with other thresholds; what was found so far stays."""
        self.rule = rule
        for piece in self._pieces.values():
            piece.evidence.use(rule)
            piece.tracker.use(rule)

    def release(self, number: int) -> None:
        """Let go of the pixels of a finding's best frame, which are kept elsewhere now."""
        for piece in self._pieces.values():
            piece.tracker.release(number)

    def end(self) -> tuple[Tracked, ...]:
        """The findings that are still open, at the end of the scan."""
        return tuple(one for piece in self._pieces.values() for one in piece.tracker.end())

    def _measure(self, frame: Frame, small: Small, place: Place | None) -> _Measured:
        """Measured every MEASURED_EVERY frames, and at once where the small picture changes."""
        last, piece = self._measured, None if place is None else place.piece
        if last is not None and last.age < MEASURED_EVERY and last.is_like(small):
            reference = last.reference
            if piece != last.piece:
                reference = self._reference(frame, place)
            self._measured = replace(last, age=last.age + 1, piece=piece, reference=reference)
        else:
            reference = self._reference(frame, place)
            self._measured = _Measured(measure(frame.rgb), small.edges, piece, reference)
        return self._measured

    def _left_behind(self) -> tuple[Tracked, ...]:
        """The findings of pieces of wall to which no frame will return."""
        gone = [number for number in self._pieces if number not in self._wall.pieces]
        return tuple(one for number in gone for one in self._pieces.pop(number).tracker.end())

    def _reference(self, frame: Frame, place: Place | None) -> Detail | None:
        """The second sharpest of the last frames that showed about the same place: the sharpest
        may be so by chance."""
        within_px = _COMPARED_WITHIN * frame.width
        fresh = [
            one.detail
            for one in self._compared
            if frame.seen_s - one.seen_s <= _COMPARED_S
            and (place is None or _is_near(one.place, place, within_px))
        ]
        fresh.sort(key=lambda detail: -detail.fineness)
        return fresh[min(len(fresh) // 2, 1)] if fresh else None


def _is_near(one: Place, other: Place, within_px: float) -> bool:
    return one.piece == other.piece and abs(one.at.shift - other.at.shift) <= within_px
