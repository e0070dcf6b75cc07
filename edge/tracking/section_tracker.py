"""Tracks the cracks of one wall section: one crack is one track, however many frames show it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from crackscan.core.pooling import logit, sigmoid
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, Rule, finding_of
from crackscan.edge.tracking.components import Labels
from crackscan.edge.tracking.evidence_grid import EvidenceGrid, Grid, max_per_cell
from crackscan.edge.tracking.frame_quality import FrameQuality
from crackscan.edge.tracking.identity_grid import IdentityGrid
from crackscan.edge.tracking.motion import Matrix
from crackscan.edge.tracking.reidentification import LostCells
from crackscan.edge.tracking.track import BestView, FrameStamp, Track, TrackState, TrackUpdate


@dataclass(frozen=True)
class TrackerParameters:
    """Constants of the life of a track. The values are hand-tuned."""

    confirming_frames: int = 5
    """Frames that must show a crack, whose evidence must be `found`, to confirm its track."""
    confirming_frames_confident: int = 2
    """Frames that confirm a track if one of them was confident by itself, whatever the evidence: a
    crack at the border of the view is shown by few frames."""
    confident_log_odds: float = 2.5
    """Log-odds over the patch threshold from which on a frame is confident by itself."""
    lost_s: float = 30.0
    """A confirmed track that no frame showed for this time is complete, seconds."""
    tentative_lost_s: float = 5.0
    """A tentative track that no frame showed for this time is dropped, seconds."""
    growth_frames: int = 3
    """New evidence is given to tracks once in this many frames."""
    tidy_updates: int = 3
    """Refuted evidence loses its track, and gaps are closed, once in this many updates."""
    border_penalty: float = 0.5
    """Loss of quality of a view at the corner of the frame, against one in the middle."""


DEFAULTS = TrackerParameters()


class SectionTracker:
    """Gives the evidence in one wall section its identities, and keeps their tracks."""

    def __init__(
        self,
        rule: Rule,
        numbers: Iterator[int] | None = None,
        parameters: TrackerParameters = DEFAULTS,
    ) -> None:
        """`numbers` gives the identities; the trackers of one scan share it."""
        self.parameters = parameters
        self.use_rule(rule)
        self._numbers = numbers or count(1)
        self._identities = IdentityGrid()
        self._tracks: dict[int, Track] = {}
        self._lost_cells = LostCells()
        self._updates = self._frames_since_growth = 0

    def use_rule(self, rule: Rule) -> None:
        """Use the thresholds of another rule from now on."""
        self.rule = rule
        threshold = logit(np.array(rule.patch, np.float32))
        self._confident = float(sigmoid(threshold + np.float32(self.parameters.confident_log_odds)))

    def update_tracks(
        self,
        frame: Frame,
        crack_map: CrackMap,
        evidence: EvidenceGrid,
        subcells: Grid,
        pose: Matrix,
        quality: FrameQuality,
        frames: int = 1,
    ) -> TrackUpdate:
        """Update the tracks after a frame was added to the evidence.

        Components of evidence of at least `faded`, with a subcell of at least `tentative`, take the
        oldest number that lies in them (hysteresis with two thresholds: Canny 1986). Components
        that grow together, or turn out to continue each other, become one track. A track that lies
        where another one lay, before the window left it, is that one.

        Args:
            crack_map: the map of the frame itself, which decides whether it shows a track.
            subcells: the evidence in this frame, from `EvidenceGrid.sample_view`.
            frames: added to the evidence since the last update.
        """
        merged = self._follow_window(evidence)
        owned, in_view = self._assign_identities(
            crack_map, evidence, subcells, pose, frames, merged
        )
        visible: list[tuple[Track, Finding]] = []
        confirmed: list[Track] = []
        improved: dict[int, Track] = {}
        numbers = sorted(set(in_view[in_view > 0].tolist()))
        lasting = subcells >= evidence.parameters.faded
        for number in numbers:
            finding = finding_of(in_view == number, crack_map, frame, self.rule)
            track = self._tracks.get(number)
            if finding.probability >= self.rule.patch:
                track = self._observe_track(number, frame, finding, quality, frames)
                if not track.confirmed and self._is_certain(track, evidence):
                    lost = self._lost_cells.match_track(
                        number, self._identities.owners, evidence.window
                    )
                    if lost is None:
                        track = replace(track, state=TrackState.CONFIRMED)
                        confirmed.append(track)
                        self._tracks[number] = track
                    else:
                        self._identities.merge_numbers(lost, number)
                        self._merge_tracks(lost, number)
                        if lost in numbers:
                            continue
                        track = self._tracks[lost]
            if track is None or not track.confirmed:
                continue
            if track.best.stamp.index == frame.index:
                improved[track.number] = track
            if (lasting & (owned == number)).any():
                visible.append((track, finding))
        return TrackUpdate(
            tuple(visible),
            tuple(confirmed),
            tuple(improved.values()),
            self._complete_lost(frame),
            merged,
        )

    def end_tracks(self) -> tuple[Track, ...]:
        """The confirmed tracks that are left, when the scan or the wall section ends."""
        left = tuple(_mark_lost(one) for one in self._tracks.values() if one.confirmed)
        self._tracks.clear()
        return left

    def _follow_window(self, evidence: EvidenceGrid) -> dict[int, int]:
        """Move with the window of the evidence; returns which tracks were re-identified."""
        left = self._identities.follow_window(evidence)
        if left is None:
            return {}
        certain = {one.number for one in self._tracks.values() if one.confirmed}
        self._lost_cells.store_cells(certain, *left)
        return self._reidentify_tracks(evidence)

    def _assign_identities(
        self,
        crack_map: CrackMap,
        evidence: EvidenceGrid,
        subcells: Grid,
        pose: Matrix,
        frames: int,
        merged: dict[int, int],
    ) -> tuple[Labels, Labels]:
        """Give new evidence its tracks; adds to `merged` which tracks became one.

        Returns:
            The owner of each subcell in view, and that of each cell.
        """
        identities, p = self._identities, self.parameters
        self._frames_since_growth += frames
        tidy = assign = self._updates % p.tidy_updates == 0
        if not tidy:
            owned = evidence.sample_view(identities.owners, pose)
            due = self._frames_since_growth >= p.growth_frames
            if due and _has_new_evidence(evidence, subcells, owned):
                self._frames_since_growth = 0
                identities.grow_tracks(evidence, pose)
                owned = evidence.sample_view(identities.owners, pose)
                assign = _has_new_evidence(evidence, subcells, owned)
            in_view = max_per_cell(owned)
            assign = assign or self._shows_new_crack(crack_map, in_view)
        if assign:
            merges = identities.assign_numbers(
                evidence, pose, tidy, self._age_key, self._next_number
            )
            for kept, gone in merges:
                if self._merge_tracks(kept, gone):
                    merged[gone] = kept
            owned = evidence.sample_view(identities.owners, pose)
            in_view = max_per_cell(owned)
        self._updates += 1
        return owned, in_view

    def _shows_new_crack(self, crack_map: CrackMap, in_view: Labels) -> bool:
        """Whether a frame shows confidently what belongs to no track yet."""
        return bool(((crack_map >= self._confident) & (in_view == 0)).any())

    def _next_number(self) -> int:
        return next(self._numbers)

    def _age_key(self, number: int) -> tuple[bool, int]:
        track = self._tracks.get(number)
        return track is None or not track.confirmed, number

    def _reidentify_tracks(self, evidence: EvidenceGrid) -> dict[int, int]:
        """Merge tracks that have grown to where older ones lay; returns which went into which."""
        merged = {}
        owners = self._identities.owners
        for number in [one.number for one in self._tracks.values() if one.confirmed]:
            lost = self._lost_cells.match_track(number, owners, evidence.window)
            if lost is not None:
                kept, gone = sorted((lost, number))
                self._identities.merge_numbers(kept, gone)
                self._merge_tracks(kept, gone)
                merged[gone] = kept
        return merged

    def _merge_tracks(self, kept: int, gone: int) -> bool:
        """Make one track of two; returns whether a confirmed track has gone."""
        self._lost_cells.merge_tracks(kept, gone)
        part = self._tracks.pop(gone, None)
        whole = self._tracks.get(kept)
        if part is None:
            return False
        if whole is None:
            self._tracks[kept] = replace(part, number=kept)
            return False
        better = part.confirmed and part.best.quality > whole.best.quality
        self._tracks[kept] = replace(
            whole,
            first=min(whole.first, part.first, key=lambda stamp: stamp.index),
            last=max(whole.last, part.last, key=lambda stamp: stamp.index),
            frames_seen=max(whole.frames_seen, part.frames_seen),
            observations=max(whole.observations, part.observations),
            confident=whole.confident or part.confident,
            probability=max(whole.probability, part.probability),
            peak=max(whole.peak, part.peak),
            best=part.best if better else whole.best,
            merged=(*whole.merged, *((gone,) if part.confirmed else ()), *part.merged),
        )
        return part.confirmed

    def _observe_track(
        self, number: int, frame: Frame, finding: Finding, quality: FrameQuality, frames: int
    ) -> Track:
        """The track after a frame that shows it."""
        now, before = FrameStamp.of_frame(frame), self._tracks.get(number)
        view = BestView(now, finding, self._view_quality(frame, finding, quality))
        confident = finding.probability >= self._confident
        if before is None:
            track = Track(
                number,
                TrackState.TENTATIVE,
                now,
                now,
                1,
                finding.probability,
                finding.peak,
                view,
                confident,
            )
        else:
            # A tentative track has its newest view, whose pixels are at hand when it is confirmed.
            better = not before.confirmed or view.quality > before.best.quality
            track = replace(
                before,
                last=now,
                frames_seen=before.frames_seen + frames,
                observations=before.observations + 1,
                confident=before.confident or confident,
                probability=max(before.probability, finding.probability),
                peak=max(before.peak, finding.peak),
                best=view if better else before.best,
            )
        self._tracks[number] = track
        return track

    def _view_quality(self, frame: Frame, finding: Finding, quality: FrameQuality) -> float:
        penalty, box = self.parameters.border_penalty, finding.box
        x = ((box.left + box.right) / frame.width - 1) * penalty
        y = ((box.top + box.bottom) / frame.height - 1) * penalty
        sharp = quality.weight * math.sqrt(quality.detail.fineness)
        return sharp * math.sqrt(len(finding.cells)) * (1 - min(math.hypot(x, y), 1.0) * penalty)

    def _is_certain(self, track: Track, evidence: EvidenceGrid) -> bool:
        """Whether a tentative track is to be confirmed."""
        p = self.parameters
        if track.confident and track.observations >= p.confirming_frames_confident:
            return True
        if track.frames_seen < p.confirming_frames:
            return False
        strongest = self._identities.strongest_evidence(evidence, track.number)
        return strongest >= evidence.parameters.found

    def _complete_lost(self, frame: Frame) -> tuple[Track, ...]:
        """Drop the tracks that no frame showed for long; returns the confirmed ones."""
        p = self.parameters
        gone = [
            one
            for one in self._tracks.values()
            if frame.captured_s - one.last.captured_s
            > (p.lost_s if one.confirmed else p.tentative_lost_s)
        ]
        for one in gone:
            del self._tracks[one.number]
            self._lost_cells.drop_track(one.number)
            self._identities.clear_number(one.number)
        return tuple(_mark_lost(one) for one in gone if one.confirmed)


def _mark_lost(track: Track) -> Track:
    return replace(track, state=TrackState.LOST)


def _has_new_evidence(evidence: EvidenceGrid, subcells: Grid, owned: Labels) -> bool:
    """Whether there is evidence that belongs to no track, and enough of it to begin one."""
    return bool(((subcells >= evidence.parameters.tentative) & (owned == 0)).any())
