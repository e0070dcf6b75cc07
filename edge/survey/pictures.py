"""The picture files of a survey, and how much of the disk they may fill."""

from dataclasses import dataclass
from pathlib import Path

from crackscan.core.durable_files import free_bytes

FRAMES = "frames"
MARGIN = 0.05
"""Share of the budget, and of the reserve, that must be free before pictures begin again."""
_MB = 1_000_000


@dataclass(frozen=True)
class Budget:
    """How much room pictures may take; findings are written in any case."""

    pictures_bytes: int | None = None
    """All pictures of the survey together; None is no limit."""
    reserve_bytes: int = 500 * _MB
    """Left free on the disk: below it no picture is saved."""

    def refusal(self, folder: Path, used_bytes: int, new_bytes: int) -> str | None:
        """Why a picture may not be saved, or None where it may."""
        if self.pictures_bytes is not None and used_bytes + new_bytes > self.pictures_bytes:
            return f"the pictures' budget of {self.pictures_bytes / _MB:.0f} MB is used up"
        free = free_bytes(folder)
        if free - new_bytes < self.reserve_bytes:
            return f"only {free / _MB:.0f} MB are free on the disk"
        return None


class Room:
    """Whether there is room for pictures, and what to say when that changes, once.

    Pictures that have ended begin again only where there is MARGIN more room than they need, so
    that a disk near its limit does not end them over and over.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.ended: str | None = None
        """Why pictures are no longer kept, as it was first said."""

    def refusal(self, folder: Path, used_bytes: int, new_bytes: int) -> str | None:
        """Why a picture may not be saved, or None where it may."""
        budget = self.budget
        if self.ended is not None:
            limit, reserve = budget.pictures_bytes, budget.reserve_bytes
            limit = None if limit is None else round(limit * (1 - MARGIN))
            budget = Budget(limit, round(reserve * (1 + MARGIN)))
        return budget.refusal(folder, used_bytes, new_bytes)

    def say(self, refusal: str | None) -> str | None:
        """What came of a picture: why it was not saved, or None; gives what there is to tell."""
        ended = self.ended is not None
        if (refusal is not None) == ended:
            return None
        self.ended = refusal
        return "pictures are saved again" if ended else f"no more pictures: {refusal}"


def remove_strays(folder: Path, known: set[str]) -> int:
    """Delete files in `frames/` that no row names: left by a kill between file and row.

    `known` holds paths relative to the survey's folder. Returns how many were deleted.
    """
    strays = [
        path
        for path in (folder / FRAMES).iterdir()
        if path.is_file() and f"{FRAMES}/{path.name}" not in known
    ]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)
