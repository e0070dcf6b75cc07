"""Findings with an identity: one crack is one finding, however many frames show it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np

from crackscan.core.pooling import logit, sigmoid
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, Rule, finding_of
from crackscan.edge.tracking.components import (
    FAR_CELLS,
    JOINED_CELLS,
    Labels,
    Touching,
    around,
    grown,
    joined,
    touching,
)
from crackscan.edge.tracking.evidence_grid import (
    BEGUN,
    FADED,
    FOUND,
    Evidence,
    Grid,
    Window,
    cells_of,
    slid,
    staying,
)
from crackscan.edge.tracking.frame_quality import Clarity
from crackscan.edge.tracking.motion import Matrix
from crackscan.edge.tracking.reidentification import Remembered
from crackscan.edge.tracking.track import Followed, Moment, Sight, Tracked

CONFIRMED_FRAMES, SURELY_FRAMES = 5, 2
"""Frames that must show a crack: that is FOUND; and that one of them shows for sure, be the
evidence less, as of one at the view's border that is seen but a few times."""
SURE = 2.5
"""Log-odds over the threshold from which on one frame shows a crack for sure."""
GONE_S, DOUBTFUL_S = 30.0, 5.0
"""A finding that no frame showed for so long is complete, or, if not yet confirmed, dropped."""
JOINED_EVERY = 3
"""Once in so many frames new evidence, if there is any, is given its identities."""
TIDIED_EVERY = 3
"""Once in so many frames that are followed, what is refuted loses its identity, and findings are
joined over gaps."""
_NEAR_CELLS = 2 * JOINED_CELLS
"""Around the view, what may touch a piece in it."""
_CENTRAL = 0.5
"""How much less a finding at the frame's border is worth seeing than one in the middle."""


class Tracker:
    """Gives the evidence on one piece of wall its identities."""

    def __init__(self, rule: Rule, numbers: Iterator[int] | None = None) -> None:
        """`numbers` gives the identities; shared by the trackers of one scan."""
        self.use(rule)
        self._numbers = numbers or count(1)
        self._owners: Labels | None = None
        self._window: Window | None = None
        self._tracks: dict[int, Tracked] = {}
        self._left = Remembered()
        self._followed = self._since = 0

    def use(self, rule: Rule) -> None:
        """Go on with the thresholds of another rule."""
        self.rule = rule
        threshold = logit(np.array(rule.patch, np.float32))
        self._sure = float(sigmoid(threshold + np.float32(SURE)))

    def follow(
        self,
        frame: Frame,
        crack_map: CrackMap,
        evidence: Evidence,
        squares: Grid,
        pose: Matrix,
        clarity: Clarity,
        frames: int = 1,
    ) -> Followed:
        """Update the findings after a frame was added to the evidence.

        Pieces of evidence of at least FADED with a square of at least BEGUN take the oldest number
        that lies in them (two thresholds: Canny 1986); pieces that grow together, or turn out to
        continue each other, become one finding. One that is where another was, before the window
        left it, is that one.

        Args:
            crack_map: the frame's own, which tells whether this very frame shows a finding.
            squares: the evidence in this frame, as `Evidence.in_frame` gives it.
            frames: that were added since the last one that was followed.
        """
        went_on = self._window not in (None, evidence.window)
        owners = self._slide(evidence)
        absorbed = self._known_again(owners, evidence.window) if went_on else {}
        self._since += frames
        tidied = anew = self._followed % TIDIED_EVERY == 0
        if not tidied:
            owned = evidence.in_frame(owners, pose)
            if self._since >= JOINED_EVERY and _is_unowned(squares, owned):
                self._grow(evidence, pose)
                owned = evidence.in_frame(owners, pose)
                anew = _is_unowned(squares, owned)
            in_view = cells_of(owned)
            anew = anew or self._is_news(crack_map, in_view)
        if anew:
            absorbed |= self._assign(evidence, pose, tidied)
            owned = evidence.in_frame(owners, pose)
            in_view = cells_of(owned)
        self._followed += 1
        here: list[tuple[Tracked, Finding]] = []
        confirmed: list[Tracked] = []
        now = Moment.of(frame)
        numbers = sorted(set(in_view[in_view > 0].tolist()))
        lasts = squares >= FADED
        for number in numbers:
            finding = finding_of(in_view == number, crack_map, frame, self.rule)
            shows = finding.probability >= self.rule.patch
            before = self._tracks.get(number)
            if before is None and not shows:
                continue
            tracked = before
            if shows:
                tracked = self._seen(number, before, frame, now, finding, clarity, frames)
                self._tracks[number] = tracked
                if not tracked.confirmed and self._is_sure(tracked, evidence, number):
                    known = self._left.known(number, owners, evidence.window)
                    if known is None:
                        best = replace(tracked.best, frame=frame)
                        tracked = replace(tracked, confirmed=True, best=best)
                        confirmed.append(tracked)
                        self._tracks[number] = tracked
                    else:
                        self._join(known, number)
                        tracked = None if known in numbers else self._tracks[known]
            if tracked is None or not tracked.confirmed:
                continue
            if (lasts & (owned == number)).any():
                here.append((tracked, finding))
        return Followed(tuple(here), tuple(confirmed), self._gone(frame), absorbed)

    def release(self, number: int) -> None:
        """Let go of the pixels of a finding's best frame."""
        tracked = self._tracks.get(number)
        if tracked is not None:
            self._tracks[number] = tracked.released()

    def end(self) -> tuple[Tracked, ...]:
        """The confirmed findings that are left, when the scan or the piece of wall ends."""
        left = tuple(one for one in self._tracks.values() if one.confirmed)
        self._tracks.clear()
        return left

    def _is_news(self, crack_map: CrackMap, in_view: Labels) -> bool:
        """Whether a frame shows for sure what belongs to no finding yet."""
        return bool(((crack_map >= self._sure) & (in_view == 0)).any())

    def _slide(self, evidence: Evidence) -> Labels:
        if self._owners is None or self._window is None:
            self._owners = np.zeros(evidence.grid.shape, np.int32)
        elif self._window != evidence.window:
            down = evidence.window.top - self._window.top
            right = evidence.window.left - self._window.left
            owners = np.asarray(slid(self._owners, down, right), np.int32)
            left = self._owners
            left[staying(left, down, right)] = 0
            sure = {one.number for one in self._tracks.values() if one.confirmed}
            self._left.keep(sure, left, self._window)
            self._owners = owners
        self._window = evidence.window
        return self._owners

    def _grow(self, evidence: Evidence, pose: Matrix) -> None:
        """Evidence that nearly touches a finding in view becomes a part of it. Where it touches two
        of them, they will be found to be one when identities are given anew."""
        self._since = 0
        part = evidence.around(pose, 0)
        grid, owners = evidence.grid[part], self._slide(evidence)[part]
        new = (owners == 0) & (grid >= FADED)
        near = around(new)
        np.copyto(owners[near], grown(owners[near]), where=new[near])

    def _assign(self, evidence: Evidence, pose: Matrix, anew: bool) -> dict[int, int]:
        """Give each piece around the view its number; returns which confirmed numbers went into
        which.

        Pieces that have numbers are joined over a gap only where `anew`; those that have none, at
        once.
        """
        cells = FAR_CELLS if anew else _NEAR_CELLS
        found, owners, numbers, begun = self._touching(evidence, pose, cells)
        if not anew and any(not numbers[label] for label in begun):
            found, owners, numbers, begun = self._touching(evidence, pose, FAR_CELLS)
        whole = joined(
            found,
            lambda one, other: (
                {one, other} <= begun
                and numbers[one].isdisjoint(numbers[other])
                and (anew or not numbers[one] or not numbers[other])
            ),
        )
        into: dict[int, int] = {}
        table = [0] * found.count
        for label in sorted({whole[part] for part in begun}):
            inside = (numbers[part] for part in range(1, found.count) if whole[part] == label)
            # A number may lie in several pieces, and have become part of another in one of them.
            alive = sorted({_root(one, into) for one in set().union(*inside)}, key=self._age)
            table[label] = alive[0] if alive else next(self._numbers)
            into |= dict.fromkeys(alive[1:], alive[0] if alive else 0)
        absorbed = {}
        for gone in into:
            kept = _root(gone, into)
            if self._join(kept, gone):
                absorbed[gone] = kept
        roots = np.array([_root(table[label], into) for label in whole], np.int32)
        of_squares = roots.take(found.labels)
        np.copyto(owners, of_squares, where=of_squares > 0)
        return absorbed

    def _touching(
        self, evidence: Evidence, pose: Matrix, cells: float
    ) -> tuple[Touching, Labels, list[set[int]], set[int]]:
        """The pieces around the view, the owners of the squares there, the numbers that lie in each
        piece, and the pieces that have one or are to get one; what is refuted loses its number."""
        part = evidence.around(pose, cells)
        grid, owners = evidence.grid[part], self._slide(evidence)[part]
        near = around((grid >= FADED) | (owners > 0))
        grid, owners = grid[near], owners[near]
        np.copyto(owners, 0, where=grid < 0)
        known = owners > 0
        found = touching((grid >= FADED) | known)
        numbers: list[set[int]] = [set() for _ in range(found.count)]
        owned = np.flatnonzero(known)
        both = found.labels.take(owned) + np.int64(found.count) * owners.take(owned)
        for number, label in (divmod(one, found.count) for one in np.unique(both).tolist()):
            numbers[label].add(number)
        strong = found.labels.take(np.flatnonzero(known | (grid >= BEGUN)))
        begun = set(np.flatnonzero(np.bincount(strong)).tolist())
        return found, owners, numbers, begun

    def _age(self, number: int) -> tuple[bool, int]:
        track = self._tracks.get(number)
        return track is None or not track.confirmed, number

    def _known_again(self, owners: Labels, window: Window) -> dict[int, int]:
        """Findings that have grown to where older ones were; returns which went into which."""
        absorbed = {}
        for number in [one.number for one in self._tracks.values() if one.confirmed]:
            known = self._left.known(number, owners, window)
            if known is not None:
                kept, gone = sorted((known, number))
                self._join(kept, gone)
                absorbed[gone] = kept
        return absorbed

    def _join(self, kept: int, gone: int) -> bool:
        """Make one finding of two, wherever they are; whether a confirmed one has gone."""
        if self._owners is not None:
            self._owners[self._owners == gone] = kept
        self._left.become(kept, gone)
        return self._absorb(kept, gone)

    def _absorb(self, kept: int, gone: int) -> bool:
        """Join the tracks; whether a confirmed one has gone."""
        part = self._tracks.pop(gone, None)
        whole = self._tracks.get(kept)
        if part is None:
            return False
        if whole is None:
            self._tracks[kept] = replace(part, number=kept)
            return False
        self._tracks[kept] = replace(
            whole,
            first=min(whole.first, part.first, key=lambda moment: moment.index),
            last=max(whole.last, part.last, key=lambda moment: moment.index),
            frames_seen=max(whole.frames_seen, part.frames_seen),
            looks=max(whole.looks, part.looks),
            sure=whole.sure or part.sure,
            probability=max(whole.probability, part.probability),
            peak=max(whole.peak, part.peak),
            best=_better(whole.best, part.best),
            absorbed=(*whole.absorbed, *((gone,) if part.confirmed else ()), *part.absorbed),
        )
        return part.confirmed

    def _seen(
        self,
        number: int,
        before: Tracked | None,
        frame: Frame,
        now: Moment,
        finding: Finding,
        clarity: Clarity,
        frames: int,
    ) -> Tracked:
        """The track after a frame that shows it."""
        quality = _quality(frame, finding, clarity)
        sure = finding.probability >= self._sure
        if before is None:
            sight = Sight(now, finding, quality)
            return Tracked(
                number, now, now, 1, finding.probability, finding.peak, sight, False, sure
            )
        best = before.best
        if not before.confirmed:
            best = Sight(now, finding, quality)  # the pixels of what may be nothing are not kept
        elif quality > best.quality:
            best = Sight(now, finding, quality, frame)
        return replace(
            before,
            last=now,
            frames_seen=before.frames_seen + frames,
            looks=before.looks + 1,
            sure=before.sure or sure,
            probability=max(before.probability, finding.probability),
            peak=max(before.peak, finding.peak),
            best=best,
        )

    def _is_sure(self, tracked: Tracked, evidence: Evidence, number: int) -> bool:
        if tracked.sure and tracked.looks >= SURELY_FRAMES:
            return True
        if tracked.frames_seen < CONFIRMED_FRAMES:
            return False
        return float(evidence.grid[self._slide(evidence) == number].max(initial=0.0)) >= FOUND

    def _gone(self, frame: Frame) -> tuple[Tracked, ...]:
        gone = [
            one
            for one in self._tracks.values()
            if frame.captured_s - one.last.captured_s > (GONE_S if one.confirmed else DOUBTFUL_S)
        ]
        for one in gone:
            del self._tracks[one.number]
            self._left.forget(one.number)
            if self._owners is not None:
                self._owners[self._owners == one.number] = 0
        return tuple(one for one in gone if one.confirmed)


def _is_unowned(squares: Grid, owned: Labels) -> bool:
    """Whether there is evidence that belongs to no finding, and enough of it to begin with."""
    return bool(((squares >= BEGUN) & (owned == 0)).any())


def _better(whole: Sight, part: Sight) -> Sight:
    """The better one; pixels that were released were those of the part, which is gone."""
    return part if part.frame is not None and part.quality > whole.quality else whole


def _root(number: int, into: dict[int, int]) -> int:
    """What a number has become part of in the end."""
    while number in into:
        number = into[number]
    return number


def _quality(frame: Frame, finding: Finding, clarity: Clarity) -> float:
    box = finding.box
    x = ((box.left + box.right) / frame.width - 1) * _CENTRAL
    y = ((box.top + box.bottom) / frame.height - 1) * _CENTRAL
    sharp = clarity.weight * math.sqrt(clarity.detail.fineness)
    return sharp * math.sqrt(len(finding.cells)) * (1 - min(math.hypot(x, y), 1.0) * _CENTRAL)
