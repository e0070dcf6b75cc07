"""From frames and their crack maps to findings that are counted once: the stages in order."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import numpy as np

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, Rule
from crackscan.edge.tracking.dead_reckoning import Glance, Glide, moved
from crackscan.edge.tracking.evidence_grid import Evidence, Said
from crackscan.edge.tracking.frame_quality import Clarity, Detail, Verdict, judge, measure
from crackscan.edge.tracking.motion import Motion, Small, shrink
from crackscan.edge.tracking.registration import Ahead, Place, Wall
from crackscan.edge.tracking.track import Followed, Tracked
from crackscan.edge.tracking.tracker import Tracker

MEASURED_EVERY = 20
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
    found: Place | None
    ahead: Ahead | None = None
    """Of a frame that was not matched, for the wall keeps its pace."""

    @property
    def matched(self) -> bool:
        """Whether the place is one that was looked for; otherwise it follows from the pace."""
        return self.ahead is None

    @property
    def placed(self) -> bool:
        """Whether the frame has a place on the wall."""
        return self.found is not None or self.ahead is not None

    @property
    def place(self) -> Place | None:
        """None: the frame cannot be placed on the wall."""
        return self.found if self.ahead is None else self.ahead.place


@dataclass(frozen=True, eq=False)
class Result:
    """What is known of a frame after the model has seen it."""

    followed: Followed
    shown: Callable[[], CrackMap]
    """Gives the evidence in this frame, with the same threshold as a crack map; now or later, in
    any thread."""


@dataclass(frozen=True, eq=False)
class _Compared:
    detail: Detail
    place: Place
    captured_s: float


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A frame that was not matched, until the next one is."""

    crack_map: CrackMap
    ahead: Ahead
    weight: float
    captured_s: float


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
        self._glide = Glide(rule.cell_px)
        self._waiting: list[_Waiting] = []
        self._said: list[Said] = []
        """What those said that waited for the frame that was matched last."""
        self._last: Look | None = None
        self._here: tuple[tuple[Tracked, Finding], ...] = ()
        """The findings in view of the last frame that was matched."""

    def look(self, frame: Frame) -> Look:
        """Where a frame looks and how clearly."""
        glance = Glance.at(frame.rgb)
        ahead, last = self._glide.over(frame, glance, self._wall), self._last
        if ahead is None or last is None:
            self._last = self._match(frame, glance)
        else:
            motion = ahead.since.part(1 / self._glide.passed)
            self._last = Look(last.clarity, motion, None, ahead)
        return self._last

    def _match(self, frame: Frame, glance: Glance) -> Look:
        small = shrink(frame.rgb)
        foretold = self._wall.ahead(frame.index)
        place = self._wall.locate(small, frame.index, frame.captured_s)
        motion, last = self._wall.motion, self._last
        if self._glide.passed and motion.lost is None and last is not None:
            motion = _motion(last.place, place) or motion  # since the frame before, as elsewhere
        if foretold is None or place is None or foretold.last.piece != place.piece:
            self._said = []
        else:
            self._said = [*self._said, *_corrected(self._waiting, foretold, place)]
        self._waiting = []
        measured = self._measure(frame, small, place)
        clarity = judge(measured.detail, motion, measured.reference)
        clear = clarity.verdict is Verdict.SHARP
        if measured.age == 1 and place is not None and clear:
            self._compared.append(_Compared(measured.detail, place, frame.captured_s))
        self._glide.matched(frame, glance, self._wall, clear)
        return Look(clarity, motion, place)

    def add(self, frame: Frame, look: Look, crack_map: CrackMap) -> Result:
        """Take in a frame's crack map, float32 (rows, cols)."""
        if look.ahead is not None:
            return self._wait(frame, look, look.ahead, crack_map)
        if look.found is None:
            return Result(self.skip(), partial(np.zeros_like, crack_map))
        piece = self._piece(look.found.piece, crack_map)
        pose, evidence = look.found.pose, piece.evidence
        said = [*self._said, Said(crack_map, pose, look.clarity.weight, frame.captured_s)]
        self._said = []
        evidence.add(*said)
        squares = evidence.in_frame(evidence.grid, pose)
        followed = piece.tracker.follow(
            frame, crack_map, evidence, squares, pose, look.clarity, len(said)
        )
        self._here = followed.here
        ended = (*followed.ended, *self._left_behind())
        return Result(
            Followed(followed.here, followed.confirmed, ended, followed.absorbed),
            partial(evidence.shown, squares),
        )

    def _wait(self, frame: Frame, look: Look, ahead: Ahead, crack_map: CrackMap) -> Result:
        """Keep the crack map of a frame that was not matched, and say what it shows."""
        self._waiting.append(_Waiting(crack_map, ahead, look.clarity.weight, frame.captured_s))
        here = []
        for tracked, finding in self._here:
            now = moved(finding, ahead.since, frame, crack_map.shape, self.rule.cell_px)
            if now is not None:
                here.append((tracked, now))
        evidence = self._piece(ahead.last.piece, crack_map).evidence
        return Result(Followed(tuple(here)), evidence.later(lambda: ahead.place.pose))

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
        self._here = tuple(
            (tracked.released() if tracked.number == number else tracked, finding)
            for tracked, finding in self._here
        )

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

    def _piece(self, number: int, crack_map: CrackMap) -> _Piece:
        """What is remembered of the piece of wall that a frame shows."""
        piece = self._pieces.get(number)
        if piece is None:
            rows, cols = crack_map.shape
            piece = _Piece(Evidence(rows, cols, self.rule), Tracker(self.rule, self._numbers))
            self._pieces[number] = piece
        return piece

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
            if frame.captured_s - one.captured_s <= _COMPARED_S
            and (place is None or _is_near(one.place, place, within_px))
        ]
        fresh.sort(key=lambda detail: -detail.fineness)
        return fresh[min(len(fresh) // 2, 1)] if fresh else None


def _is_near(one: Place, other: Place, within_px: float) -> bool:
    return one.piece == other.piece and abs(one.at.shift - other.at.shift) <= within_px


def _motion(before: Place | None, after: Place | None) -> Motion | None:
    """The motion between two frames, from where they look; None if that is not known."""
    if before is None or after is None or before.piece != after.piece:
        return None
    return before.at.then(after.at.back())


def _corrected(waiting: list[_Waiting], foretold: Ahead, found: Place) -> list[Said]:
    """What frames said that were not matched, with their share of what the wall did otherwise than
    foretold until the next frame that is."""
    off = foretold.place.at.back().then(found.at) if waiting else Motion()
    said = []
    for number, one in enumerate(waiting, 1):
        place = one.ahead.place.moved(off.part(number / (len(waiting) + 1)))
        said.append(Said(one.crack_map, place.pose, one.weight, one.captured_s))
    return said
