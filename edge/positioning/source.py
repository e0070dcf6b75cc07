"""What every source of positions offers: the geotag of a moment or of a file, without waiting."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from crackscan.edge.positioning.geotag import NO_GEOTAG, Geotag


@dataclass(frozen=True)
class SatelliteTime:
    """A satellite's time together with the monotonic clock's time when it was received."""

    unix_s: float
    monotonic_s: float


class PositionSource(ABC):
    """Gives the geotag of frames; to be used in a `with` block."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:
        """The geotag of a frame that was captured at that moment, or that is stored in `file`.

        Never waits, and never raises.
        """

    def describe_state(self) -> str:
        """The state of the source in a few words, for the screen."""
        return "ready"

    def satellite_time(self) -> SatelliteTime | None:
        """The latest time received by satellite, or None."""
        return None

    def close(self) -> None:  # noqa: B027 - a source of files holds nothing open
        """Stop reading."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class NoPosition(PositionSource):
    """Gives no geotag."""

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        return NO_GEOTAG
