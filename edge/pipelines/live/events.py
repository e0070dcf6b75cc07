"""The events that the stages of a live scan hand on, and the messages to the scan's owner."""

from dataclasses import dataclass

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap
from crackscan.edge.device.health import Health
from crackscan.edge.pipelines.live.survey_record import SurveyRecord
from crackscan.edge.positioning import Geotag
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey import WriterState
from crackscan.edge.tracking.wall_tracker import RegisteredFrame, TrackedFrame
from crackscan.edge.web.live.commands import PendingCommand


@dataclass(frozen=True, eq=False)
class CapturedFrame:
    """Capture → register: a frame, with the time and the position at which it was taken."""

    frame: Frame
    at: Instant
    geotag: Geotag
    began_s: float
    """Monotonic time at which its processing began."""


@dataclass(frozen=True, eq=False)
class MappedFrame:
    """Infer → track: a registered frame with its crack map."""

    registered: RegisteredFrame
    crack_map: CrackMap | None
    """None if the frame was too unclear for the model."""
    model_s: float
    """Time in the model, seconds."""


@dataclass(frozen=True, eq=False)
class JudgedFrame:
    """Track → record and viewers: a tracked frame, and whether it could be judged."""

    captured: CapturedFrame
    tracked: TrackedFrame | None
    """None while the scan is paused."""
    reason: str
    """Why the frame was not judged, for the record; empty if it was."""
    message: str
    """What the screen shows about the frame; empty if it is clear."""
    model_s: float = 0.0


@dataclass(frozen=True, eq=False)
class FrameArrived:
    """The source has given a frame."""

    frame: Frame


@dataclass(frozen=True, eq=False)
class SourceEnded:
    """The source gives no more frames; `error` is what broke it."""

    error: BaseException | None


@dataclass(frozen=True)
class CommandsWaiting:
    """A viewer has sent a command."""


@dataclass(frozen=True)
class HealthMeasured:
    """The state of the machine was read."""

    health: Health


@dataclass(frozen=True, eq=False)
class RecordChecked:
    """The state of a survey's record was read."""

    record: SurveyRecord
    state: WriterState


@dataclass(frozen=True, eq=False)
class SurveyOpened:
    """The new survey that a viewer asked for is ready."""

    asked: PendingCommand
    record: SurveyRecord


@dataclass(frozen=True, eq=False)
class SurveyNotOpened:
    """The new survey that a viewer asked for could not be opened."""

    asked: PendingCommand
    error: CrackscanError


@dataclass(frozen=True, eq=False)
class SurveyClosed:
    """A survey that was ended by a new one is closed; `error` is what its disk did not take."""

    record: SurveyRecord
    error: CrackscanError | None


OwnerMessage = (
    FrameArrived
    | SourceEnded
    | CommandsWaiting
    | HealthMeasured
    | RecordChecked
    | SurveyOpened
    | SurveyNotOpened
    | SurveyClosed
)
