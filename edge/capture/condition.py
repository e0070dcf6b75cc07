"""The condition of a source from moment to moment, and the gaps that bad conditions leave."""

import logging
from dataclasses import dataclass
from enum import StrEnum

log = logging.getLogger(__name__)


class SourceState(StrEnum):
    """Whether a source delivers usable pictures, and if not, why."""

    OPENING = "opening"
    """No picture has arrived yet."""
    GOOD = "good"
    STALE = "stale"
    """The newest picture is old: none followed it, or it was late when it arrived."""
    FROZEN = "frozen"
    """All pictures are equal bit by bit, which those of a working sensor never are."""
    BLACK = "black"
    """The pictures are black: the lens cap is on, or there is no light."""
    COVERED = "covered"
    """The pictures have one even tone: a hand, dirt, or the lens touches the wall."""
    LOST = "lost"
    """The source failed and was closed; it is being opened again."""


@dataclass(frozen=True)
class Condition:
    """The state of a source, with an explanation for the screen and the record."""

    state: SourceState
    text: str = ""
    """One sentence, e.g. `camera 0 gives black pictures; a lens cap, or no light`; "" if good."""
    since_s: float = 0.0
    """Monotonic time at which this state began."""

    @property
    def good(self) -> bool:
        return self.state is SourceState.GOOD


@dataclass(frozen=True)
class Gap:
    """A period in which a live source delivered no usable picture."""

    began_s: float
    """Monotonic time."""
    seconds: float
    why: str
    """The problems in the order in which they occurred, separated by `; `."""


class ConditionMonitor:
    """Follows the condition of one source and reports gaps; times are monotonic seconds.

    A gap lasts from the first problem after good pictures to the next good picture. Its reason
    names each kind of problem once, in order.
    """

    def __init__(self, opening: str, now_s: float, shortest_gap_s: float = 2.0) -> None:
        """Start in the state OPENING, with the text `opening`.

        A problem that ends within `shortest_gap_s` is not a gap, unless the source was lost.
        """
        self.condition = Condition(SourceState.OPENING, opening, now_s)
        self._shortest_gap_s = shortest_gap_s
        self._began_s: float | None = None
        self._lost = False
        self._reasons: dict[str, None] = {}

    def mark_good(self, now_s: float) -> Gap | None:
        """Note that pictures are usable; return the gap that ends with this, if any."""
        if self.condition.state is SourceState.GOOD:
            return None
        log.info("the source is good after: %s", self.condition.text)
        self.condition = Condition(SourceState.GOOD, "", now_s)
        return self.end_gap(now_s)

    def mark_bad(self, state: SourceState, why: str, began_s: float, advice: str = "") -> None:
        """Note a problem that began at `began_s`; `advice` is shown but not recorded."""
        if self._began_s is None:
            self._began_s = began_s
        self._lost = self._lost or state is SourceState.LOST
        self._reasons[why] = None
        text = f"{why}; {advice}" if advice else why
        if (state, text) != (self.condition.state, self.condition.text):
            log.warning("the source is %s: %s", state, text)
            same = state is self.condition.state
            self.condition = Condition(state, text, self.condition.since_s if same else began_s)

    def end_gap(self, now_s: float) -> Gap | None:
        """End the present gap; return it if it is worth recording."""
        began_s, self._began_s = self._began_s, None
        why, lost = "; ".join(self._reasons), self._lost
        self._reasons, self._lost = {}, False
        if began_s is None or (now_s - began_s < self._shortest_gap_s and not lost):
            return None
        return Gap(began_s, now_s - began_s, why)
