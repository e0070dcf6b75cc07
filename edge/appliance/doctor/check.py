"""The result of one check of the machine, and how it is made."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from crackscan.core.errors import CrackscanError


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """A scan works, but not as well as it could, or not everywhere."""
    BROKEN = "broken"
    """A scan does not work."""


@dataclass(frozen=True)
class Check:
    """What was found of one thing."""

    name: str
    state: State
    found: str
    """In a few words."""
    advice: str = ""
    """What to do about it; empty where nothing is to be done."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def report_ok(name: str, found: str) -> Check:
    return Check(name, State.OK, found)


def report_warning(name: str, found: str, advice: str) -> Check:
    return Check(name, State.WARNING, found, advice)


def report_broken(name: str, found: str, advice: str) -> Check:
    return Check(name, State.BROKEN, found, advice)


def run_guarded(name: str, check: Callable[[], Check]) -> Check:
    """The check, or, whatever goes wrong inside it, that it could not be made."""
    try:
        return check()
    except CrackscanError as error:
        return report_broken(name, str(error), "")
    except Exception as error:  # a doctor does not fall ill
        reason = " ".join(str(error).split()) or "no reason given"
        return report_warning(
            name,
            f"could not be checked: {type(error).__name__}: {reason}",
            "report this to the developers",
        )
