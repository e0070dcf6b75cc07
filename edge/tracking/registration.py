"""Registers frames against the wall: the camera's pose, chained through keyframes."""

import math
from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property

from crackscan.edge.tracking.motion import (
    LostReason,
    Matrix,
    Motion,
    MotionParameters,
    RegistrationImage,
    estimate_motion,
)


@dataclass(frozen=True)
class RegistrationParameters:
    """Constants of the registration. The values are hand-tuned."""

    return_s: float = 6.0
    """A wall section that was lost is searched for during this time."""
    kept_sections: int = 2
    """Lost wall sections that are searched for at once."""
    return_correlation: float = 0.5
    """Correlation from which on a frame shows a section that was lost before."""
    keyframe_overlap: float = 0.7
    """A frame that shows less of the last keyframe becomes the next one if it matches clearly."""
    least_overlap: float = 0.4
    """A frame that shows less of the last keyframe becomes the next one in any case."""
    clear_correlation: float = 0.75
    """Correlation with the keyframe from which on no other frame is compared."""
    clearer_margin: float = 0.1
    """The match with the last frame is preferred if it correlates better by this much."""
    usual_margin: float = 0.08
    """A match at the predicted pose is accepted if it correlates as the last one did, less this."""
    accepted_correlation: float = 0.6
    """A match at the predicted pose is accepted only from this correlation on."""
    checked_every: int = 15
    """Every Nth frame is matched from all guesses, even if the prediction would be accepted."""
    keyframe_turn_rad: float = 0.06
    """A frame turned further against the keyframe becomes the next one if it matches clearly."""
    keyframe_zoom_log: float = 0.06
    """The same for the logarithm of the zoom."""
    most_extrapolation: float = 8.0
    """A motion is extrapolated to at most this many times the interval it was measured over."""


DEFAULTS = RegistrationParameters()


@dataclass(frozen=True, eq=False)
class Pose:
    """The pose of the camera against the wall, in one frame."""

    section: int
    """Number of the wall section; poses in two sections cannot be compared."""
    motion: Motion
    """The motion from the frame to the first frame of the section."""
    size: tuple[int, int]
    """Width and height of the frames, px."""

    @cached_property
    def matrix(self) -> Matrix:
        """The pose as float64 (3, 3): takes px of the frame to px of the section's first frame."""
        return self.motion.matrix(*self.size)

    def shifted_by(self, motion: Motion) -> "Pose":
        """The pose in the same section, changed by a motion of the wall in the picture."""
        return Pose(self.section, self.motion.followed_by(motion), self.size)


@dataclass(frozen=True, eq=False)
class PredictedPose:
    """The pose of a frame if the wall keeps its pace."""

    last: Pose
    """The pose of the last frame that was registered."""
    motion: Motion
    """The predicted motion since that frame."""

    @cached_property
    def pose(self) -> Pose:
        motion = self.motion.inverse().followed_by(self.last.motion)
        return Pose(self.last.section, motion, self.last.size)


@dataclass(frozen=True, eq=False)
class _RegisteredImage:
    image: RegistrationImage
    pose: Pose
    captured_s: float
    index: int
    """Index of the frame in the source; dropped frames are counted."""


class WallRegistration:
    """Registers the frames of one camera against the wall."""

    def __init__(
        self,
        parameters: RegistrationParameters = DEFAULTS,
        motion_parameters: MotionParameters | None = None,
    ) -> None:
        self.motion = Motion(lost=LostReason.CUT)
        """The motion from the last registered frame to the present one."""
        self.prediction_error_px = 0.0
        """Distance of that motion from its prediction, at the middle of a side of the picture."""
        self._parameters = parameters
        self._motion_parameters = motion_parameters or MotionParameters()
        self._interval = 1
        """Frames from the one to the other; dropped frames are counted."""
        self._keyframe: _RegisteredImage | None = None
        self._last: _RegisteredImage | None = None
        self._lost: deque[_RegisteredImage] = deque(maxlen=parameters.kept_sections)
        self._sections = 0
        self._unchecked = 0

    @property
    def reachable_sections(self) -> set[int]:
        """The wall sections to which a frame may still return."""
        images = [*self._lost, *([self._last] if self._last else [])]
        return {image.pose.section for image in images}

    def register_frame(self, image: RegistrationImage, index: int, now_s: float) -> Pose | None:
        """The pose of the next frame; None if it is too blurred or too plain to be registered.

        Every frame is matched with the last keyframe, not with the frame before, so that errors
        add up slowly and one bad frame breaks nothing. A cut begins a new wall section. The old
        section is searched for during `return_s`, so that a hand before the lens does not turn its
        cracks into new ones.

        Args:
            index: of the frame in the source; dropped frames are counted.
            now_s: monotonic time.
        """
        while self._lost and now_s - self._lost[0].captured_s > self._parameters.return_s:
            self._lost.popleft()
        pose = self._match_frame(image, index)
        if pose is None:
            if self.motion.lost in (LostReason.BLUR, LostReason.NO_TEXTURE):
                return None
            if self._last is not None:
                self._lost.append(self._last)
            self._keyframe = self._last = None
        returned = self._match_lost(image, pose)
        if returned is not None:
            pose, self._keyframe = returned, None
        elif pose is None:
            pose = _make_pose(self._sections, Motion(), image)
            self._sections += 1
        self._last = _RegisteredImage(image, pose, now_s, index)
        if self._keyframe is None or self._needs_keyframe(self._keyframe, self._last):
            self._keyframe = self._last
        return pose

    def predict_motion(self, index: int) -> Motion:
        """The motion since the last registered frame, if the wall keeps its pace."""
        if self.motion.lost or self._last is None:
            return Motion()
        share = (index - self._last.index) / self._interval
        if share == 1:
            return self.motion
        return self.motion.fraction(min(max(share, 0.0), self._parameters.most_extrapolation))

    def predict_pose(self, index: int, most_px: float = math.inf) -> PredictedPose | None:
        """The pose of a frame if the wall keeps its pace; None if that is not known, or if the
        predicted motion is longer than `most_px`."""
        motion = self.predict_motion(index)
        if self._last is None or self.motion.lost or motion.length_px > most_px:
            return None
        return PredictedPose(self._last.pose, motion)

    def _needs_keyframe(self, keyframe: _RegisteredImage, last: _RegisteredImage) -> bool:
        """Whether a frame should become the next keyframe: preferably one that matches clearly."""
        image, p = last.image, self._parameters
        since = keyframe.pose.motion.followed_by(last.pose.motion.inverse())
        x, y = abs(since.dx) / image.width, abs(since.dy) / image.height
        overlap = max(1 - x, 0) * max(1 - y, 0)
        if overlap < p.least_overlap:
            return True
        turned = (
            abs(since.turn_rad) > p.keyframe_turn_rad
            or abs(math.log(since.scale)) > p.keyframe_zoom_log
        )
        clear = self.motion.confidence >= p.clear_correlation
        return (turned or overlap < p.keyframe_overlap) and clear

    def _match_frame(self, image: RegistrationImage, index: int) -> Pose | None:
        """Match with the keyframe, then with the last frame; sets `motion` and its error."""
        if self._keyframe is None or self._last is None:
            self.motion = Motion(lost=LostReason.CUT)
            return None
        p = self._parameters
        predicted = self.predict_motion(index)
        enough = certain = self._motion_parameters.certain_correlation
        self._unchecked = (self._unchecked + 1) % p.checked_every
        if self._unchecked and self.motion.lost is None:
            usual = self.motion.confidence - p.usual_margin
            enough = min(max(usual, p.accepted_correlation), certain)
        matches: list[tuple[Motion, _RegisteredImage]] = []
        only_one = self._keyframe is self._last
        for older in (self._keyframe,) if only_one else (self._keyframe, self._last):
            until_last = older.pose.motion.followed_by(self._last.pose.motion.inverse())
            expected = until_last.followed_by(predicted)
            found = estimate_motion(older.image, image, expected, enough, self._motion_parameters)
            if found.lost is None:
                matches.append((found, older))
            if found.lost is None and found.confidence >= p.clear_correlation:
                break
        if not matches:
            self.motion = found
            return None
        found, older = matches[0]
        if matches[-1][0].confidence > found.confidence + p.clearer_margin:
            found, older = matches[-1]
        to_section = found.inverse().followed_by(older.pose.motion)
        since = self._last.pose.motion.followed_by(to_section.inverse())
        turned = abs(since.factor - predicted.factor) * max(image.width, image.height) / 2
        self.prediction_error_px = abs(since.shift - predicted.shift) + turned
        self.motion = replace(since, confidence=found.confidence)
        self._interval = max(index - self._last.index, 1)
        if older is not self._keyframe and found.confidence >= p.clear_correlation:
            self._keyframe = self._last  # the older keyframe matches less clearly by now
        return _make_pose(older.pose.section, to_section, image)

    def _match_lost(self, image: RegistrationImage, pose: Pose | None) -> Pose | None:
        """The pose in a section that was lost before the present one began."""
        for older in list(self._lost):
            if pose is not None and pose.section <= older.pose.section:
                continue
            found = estimate_motion(older.image, image, parameters=self._motion_parameters)
            if found.lost is None and found.confidence >= self._parameters.return_correlation:
                self._lost.remove(older)
                # No pace is known: the camera came from elsewhere.
                self.motion, self.prediction_error_px = found, math.inf
                to_section = found.inverse().followed_by(older.pose.motion)
                return _make_pose(older.pose.section, to_section, image)
        return None


def _make_pose(section: int, motion: Motion, image: RegistrationImage) -> Pose:
    return Pose(section, motion, (image.width, image.height))
