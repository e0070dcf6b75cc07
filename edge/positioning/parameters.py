"""Time limits of the sources of positions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PositionParameters:
    """Ages, waits and deadlines, in seconds."""

    live_stale_s: float = 5.0
    """A position of a live source that is older is not used: at a walk (1 m/s) the camera has
    moved by then as far as the usual accuracy of a receiver, 5 m."""
    photo_stale_s: float = 300.0
    """The same for a photograph, whose receiver may have kept a fix from before."""
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 30.0
    """A connection that is lost or refused is tried again after 1 s, 2 s, 4 s, ... 30 s."""
    poll_s: float = 0.2
    """How long a reader waits for data before it checks whether it is to end."""
    connect_timeout_s: float = 2.0
    silent_s: float = 10.0
    """A gpsd that is silent for this long is asked for its version, and left if it stays silent as
    long again. A MAVLink system that is silent for this long gives way to the next one heard."""


PARAMETERS = PositionParameters()
