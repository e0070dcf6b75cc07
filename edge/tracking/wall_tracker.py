"""Registers the frames of one camera and tracks the cracks that they show."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import numpy as np

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, Rule
from crackscan.edge.tracking.dead_reckoning import (
    DeadReckoning,
    DeadReckoningParameters,
    FrameSignature,
    shift_finding,
)
from crackscan.edge.tracking.evidence_grid import EvidenceGrid, EvidenceParameters, Observation
from crackscan.edge.tracking.frame_quality import FrameQuality, FrameQualityParameters, FrameVerdict
from crackscan.edge.tracking.motion import Motion, MotionParameters, make_registration_image
from crackscan.edge.tracking.quality_history import QualityHistory, QualityHistoryParameters
from crackscan.edge.tracking.registration import (
    Pose,
    PredictedPose,
    RegistrationParameters,
    WallRegistration,
)
from crackscan.edge.tracking.section_tracker import SectionTracker, TrackerParameters
from crackscan.edge.tracking.sharpness import SharpnessParameters
from crackscan.edge.tracking.track import Track, TrackUpdate


@dataclass(frozen=True)
class TrackingParameters:
    """The parameters of all stages of tracking."""

    motion: MotionParameters = field(default_factory=MotionParameters)
    registration: RegistrationParameters = field(default_factory=RegistrationParameters)
    dead_reckoning: DeadReckoningParameters = field(default_factory=DeadReckoningParameters)
    sharpness: SharpnessParameters = field(default_factory=SharpnessParameters)
    quality: FrameQualityParameters = field(default_factory=FrameQualityParameters)
    quality_history: QualityHistoryParameters = field(default_factory=QualityHistoryParameters)
    evidence: EvidenceParameters = field(default_factory=EvidenceParameters)
    tracker: TrackerParameters = field(default_factory=TrackerParameters)


@dataclass(frozen=True, eq=False)
class RegisteredFrame:
    """A frame whose pose and quality are known, before the model has mapped it."""

    frame: Frame
    quality: FrameQuality
    motion: Motion
    """Since the frame before."""
    measured_pose: Pose | None
    """The pose from registration; None if it is predicted, or not known."""
    prediction: PredictedPose | None = None
    """The predicted pose, if the frame was not registered because the wall keeps its pace."""

    @property
    def is_predicted(self) -> bool:
        """Whether the pose follows from dead reckoning instead of registration."""
        return self.prediction is not None

    @property
    def has_pose(self) -> bool:
        return self.measured_pose is not None or self.prediction is not None

    @property
    def pose(self) -> Pose | None:
        """The measured or the predicted pose; None if neither is known."""
        return self.measured_pose if self.prediction is None else self.prediction.pose


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """A frame whose crack map, if there is one, has been added to the evidence."""

    registered: RegisteredFrame
    update: TrackUpdate
    evidence_map: Callable[[], CrackMap] | None
    """Computes the evidence in this frame as a crack map with the same cell threshold, at any time
    and in any thread. None if the model has not mapped the frame."""

    @property
    def frame(self) -> Frame:
        return self.registered.frame


@dataclass(frozen=True, eq=False)
class _PendingMap:
    """The crack map of a frame with a predicted pose, until the next frame is registered."""

    crack_map: CrackMap
    prediction: PredictedPose
    weight: float
    captured_s: float


@dataclass(frozen=True, eq=False)
class _WallSection:
    evidence: EvidenceGrid
    tracker: SectionTracker


class WallTracker:
    """Tracks cracks over the frames of one camera.

    Each frame goes through `register_frame`, and then with its crack map through `track_cracks`, or
    without one through `skip_frame`.
    """

    def __init__(
        self,
        rule: Rule,
        numbers: Iterator[int] | None = None,
        parameters: TrackingParameters | None = None,
    ) -> None:
        """`numbers` gives the tracks their identities; without it they count from 1."""
        p = parameters or TrackingParameters()
        self.rule = rule
        self.parameters = p
        self._registration = WallRegistration(p.registration, p.motion)
        self._dead_reckoning = DeadReckoning(rule.cell_px, p.dead_reckoning)
        self._quality = QualityHistory(p.quality_history, p.quality, p.sharpness)
        self._numbers = numbers or count(1)
        self._sections: dict[int, _WallSection] = {}
        self._pending: list[_PendingMap] = []
        self._corrected: list[Observation] = []
        """Observations of the frames that were pending until the last registered one."""
        self._last_quality: FrameQuality | None = None
        self._last_pose: Pose | PredictedPose | None = None
        self._visible: tuple[tuple[Track, Finding], ...] = ()
        """The tracks in view of the last frame that was registered."""

    def register_frame(self, frame: Frame) -> RegisteredFrame:
        """The pose of a frame, by dead reckoning or by registration, and its quality."""
        signature = FrameSignature.from_rgb(frame.rgb)
        prediction = self._dead_reckoning.predict_pose(frame, signature, self._registration)
        quality = self._last_quality
        if prediction is None or quality is None:
            registered = self._register_fully(frame, signature)
            self._last_quality = registered.quality
            self._last_pose = registered.measured_pose
            return registered
        self._last_pose = prediction
        motion = prediction.motion.fraction(1 / self._dead_reckoning.predicted_frames)
        return RegisteredFrame(frame, quality, motion, None, prediction)

    def track_cracks(self, registered: RegisteredFrame, crack_map: CrackMap) -> TrackedFrame:
        """Add a frame's crack map, float32 (rows, cols), to the evidence, and update the tracks."""
        if registered.prediction is not None:
            return self._keep_pending(registered, registered.prediction, crack_map)
        if registered.measured_pose is None:
            update = self.skip_frame(registered).update
            return TrackedFrame(registered, update, partial(np.zeros_like, crack_map))
        frame, quality = registered.frame, registered.quality
        section = self._find_section(registered.measured_pose.section, crack_map)
        pose, evidence = registered.measured_pose.matrix, section.evidence
        own = Observation(crack_map, pose, quality.weight, frame.captured_s)
        observations = [*self._corrected, own]
        self._corrected = []
        evidence.add_observations(*observations)
        subcells = evidence.sample_view(evidence.grid, pose)
        update = section.tracker.update_tracks(
            frame, crack_map, evidence, subcells, pose, quality, len(observations)
        )
        self._visible = update.visible
        completed = (*update.completed, *self._end_unreachable())
        return TrackedFrame(
            registered,
            TrackUpdate(
                update.visible, update.confirmed, update.improved, completed, update.merged
            ),
            partial(evidence.to_crack_map, subcells),
        )

    def skip_frame(self, registered: RegisteredFrame) -> TrackedFrame:
        """Continue without the crack map of a frame."""
        return TrackedFrame(registered, TrackUpdate(completed=self._end_unreachable()), None)

    def use_rule(self, rule: Rule) -> None:
        """Use other thresholds from now on; the tracks stay."""
        self.rule = rule
        for section in self._sections.values():
            section.evidence.use_rule(rule)
            section.tracker.use_rule(rule)

    def end_tracks(self) -> tuple[Track, ...]:
        """The confirmed tracks that are still open, at the end of the scan."""
        return tuple(track for one in self._sections.values() for track in one.tracker.end_tracks())

    def _register_fully(self, frame: Frame, signature: FrameSignature) -> RegisteredFrame:
        """Register a frame by matching it, and correct the poses of the frames before it."""
        registration = self._registration
        image = make_registration_image(frame.rgb, self.parameters.motion)
        predicted = registration.predict_pose(frame.index)
        pose = registration.register_frame(image, frame.index, frame.captured_s)
        motion = registration.motion
        if self._dead_reckoning.predicted_frames and motion.lost is None:
            # Registration measures since the last registered frame, not since the frame before.
            motion = _motion_between(self._last_pose, pose) or motion
        if predicted is None or pose is None or predicted.last.section != pose.section:
            self._corrected = []
        else:
            self._corrected += _correct_poses(self._pending, predicted, pose)
        self._pending = []
        quality = self._quality.assess_frame(frame, image, pose, motion)
        sharp = quality.verdict is FrameVerdict.SHARP
        self._dead_reckoning.note_registered(frame, signature, registration, sharp)
        return RegisteredFrame(frame, quality, motion, pose)

    def _keep_pending(
        self, registered: RegisteredFrame, prediction: PredictedPose, crack_map: CrackMap
    ) -> TrackedFrame:
        """Keep the map of a frame with a predicted pose; the tracks in view move with the wall."""
        frame = registered.frame
        self._pending.append(
            _PendingMap(crack_map, prediction, registered.quality.weight, frame.captured_s)
        )
        visible = []
        for track, finding in self._visible:
            now = shift_finding(
                finding, prediction.motion, frame, crack_map.shape, self.rule.cell_px
            )
            if now is not None:
                visible.append((track, now))
        evidence = self._find_section(prediction.last.section, crack_map).evidence
        evidence_map = evidence.defer_crack_map(lambda: prediction.pose.matrix)
        return TrackedFrame(registered, TrackUpdate(tuple(visible)), evidence_map)

    def _find_section(self, number: int, crack_map: CrackMap) -> _WallSection:
        """The wall section of a number; a new one if there is none."""
        section = self._sections.get(number)
        if section is None:
            rows, cols = crack_map.shape
            p = self.parameters
            section = _WallSection(
                EvidenceGrid(rows, cols, self.rule, p.evidence),
                SectionTracker(self.rule, self._numbers, p.tracker),
            )
            self._sections[number] = section
        return section

    def _end_unreachable(self) -> tuple[Track, ...]:
        """The tracks in wall sections to which no frame will return."""
        reachable = self._registration.reachable_sections
        gone = [number for number in self._sections if number not in reachable]
        return tuple(
            track for number in gone for track in self._sections.pop(number).tracker.end_tracks()
        )


def _motion_between(before: Pose | PredictedPose | None, after: Pose | None) -> Motion | None:
    """The motion between two frames, from their poses; None if it is not known."""
    if isinstance(before, PredictedPose):
        before = before.pose
    if before is None or after is None or before.section != after.section:
        return None
    return before.motion.followed_by(after.motion.inverse())


def _correct_poses(
    pending: list[_PendingMap], predicted: PredictedPose, measured: Pose
) -> list[Observation]:
    """The observations of pending frames, at corrected poses.

    Each takes its share of the error between the predicted and the measured pose of the frame that
    was registered after them.
    """
    error = Motion()
    if pending:
        error = predicted.pose.motion.inverse().followed_by(measured.motion)
    observations = []
    for number, one in enumerate(pending, 1):
        pose = one.prediction.pose.shifted_by(error.fraction(number / (len(pending) + 1)))
        observations.append(Observation(one.crack_map, pose.matrix, one.weight, one.captured_s))
    return observations
