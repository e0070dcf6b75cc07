"""The parameters by which a live source is supervised."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SupervisionParameters:
    """Deadlines, reopening and checks of a live source."""

    first_picture_s: float = 10.0
    """Deadline from opening the device to its first picture."""
    next_picture_s: float = 5.0
    """Deadline from one picture to the next."""
    frozen_s: float = 5.0
    """A source whose pictures have been equal for this long is frozen; those of a working sensor
    never are, because of noise."""
    stale_s: float = 2.0
    """The source is stale if its newest picture is older."""
    cover_check_s: float = 0.5
    """Time between two checks for black and covered pictures; two equal results in succession
    are needed."""
    first_backoff_s: float = 0.5
    """Wait before the device is opened again; it doubles with each attempt until good pictures
    arrive."""
    longest_backoff_s: float = 30.0
    """Limit of the wait."""
    hung_limit: int = 3
    """Number of reader threads that may hang in a driver at the same time."""
    hung_s: float = 60.0
    """Longest wait while that many threads hang; after it, only a new process can help."""
    shortest_gap_s: float = 2.0
    """A problem that ends sooner is not a gap, unless the source was lost."""
    oldest_picture_s: float = 3600.0
    """An exposure time further back comes from another clock and is ignored."""
    tick_s: float = 0.1
    """Time between two checks of the deadlines."""


PARAMETERS = SupervisionParameters()
