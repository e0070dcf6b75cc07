"""How a live source is doing from moment to moment, and what of that is a gap in the record."""

from crackscan.edge.capture.base import Condition, Gap, State

NOTED_S = 2.0
"""A trouble that is over sooner is no gap, unless the source was lost."""


class Health:
    """Follows the states of one source; times are monotonic seconds.

    All from the first trouble after good pictures to the next good one is one gap, whose reason
    names each kind of trouble once, in order.
    """

    def __init__(self, opening: str, now_s: float) -> None:
        self.condition = Condition(State.OPENING, opening, now_s)
        self._began_s: float | None = None
        self._lost = False
        self._reasons: dict[str, None] = {}

    def good(self, now_s: float) -> Gap | None:
        """Pictures are as they should be; gives the gap that this ends, if there was one."""
        if self.condition.state is State.GOOD:
            return None
        self.condition = Condition(State.GOOD, "", now_s)
        return self.end(now_s)

    def bad(self, state: State, why: str, began_s: float, advice: str = "") -> None:
        """Something is wrong since `began_s`; `advice` is for the screen and not for the record."""
        if self._began_s is None:
            self._began_s = began_s
        self._lost = self._lost or state is State.LOST
        self._reasons[why] = None
        text = f"{why}; {advice}" if advice else why
        if (state, text) != (self.condition.state, self.condition.text):
            same = state is self.condition.state
            self.condition = Condition(state, text, self.condition.since_s if same else began_s)

    def end(self, now_s: float) -> Gap | None:
        """The gap from the first trouble until now, if there is one worth a note."""
        began_s, self._began_s = self._began_s, None
        why, lost = "; ".join(self._reasons), self._lost
        self._reasons, self._lost = {}, False
        if began_s is None or (now_s - began_s < NOTED_S and not lost):
            return None
        return Gap(began_s, now_s - began_s, why)
