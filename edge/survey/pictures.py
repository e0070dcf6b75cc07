"""The picture files of a survey, and how much of the disk they may use."""

from dataclasses import dataclass
from pathlib import Path

from crackscan.core.durable_files import free_disk_bytes

FRAMES = "frames"
"""Folder of the pictures in the survey's folder."""
RESUME_MARGIN = 0.05
"""Share of the quota, and of the reserve, that must be free again before saving resumes. A disk
near its limit would otherwise switch pictures off and on with every small file."""
_MB = 1_000_000


@dataclass(frozen=True)
class PictureQuota:
    """How much of the disk pictures may use; findings are written in any case."""

    max_bytes: int | None = None
    """All pictures of the survey together; None means no limit."""
    reserve_bytes: int = 500 * _MB
    """Free space on the disk below which no picture is saved."""

    def refuse_picture(self, folder: Path, used_bytes: int, new_bytes: int) -> str | None:
        """Why a picture of `new_bytes` may not be saved in a folder, or None if it may.

        `used_bytes` is the size of all pictures that the survey has already.
        """
        if self.max_bytes is not None and used_bytes + new_bytes > self.max_bytes:
            return f"the picture quota of {self.max_bytes / _MB:.0f} MB is used up"
        free = free_disk_bytes(folder)
        if free - new_bytes < self.reserve_bytes:
            return f"only {free / _MB:.0f} MB are free on the disk"
        return None


class QuotaMonitor:
    """Applies a quota to one picture after another and reports when saving stops or resumes."""

    def __init__(self, quota: PictureQuota) -> None:
        self.quota = quota
        self.stopped: str | None = None
        """Why pictures are no longer saved, as it was first reported; None while they are."""

    def refuse_picture(self, folder: Path, used_bytes: int, new_bytes: int) -> str | None:
        """Why a picture may not be saved, or None; see `PictureQuota.refuse_picture`.

        After saving has stopped, a picture must also leave RESUME_MARGIN free.
        """
        quota = self.quota
        if self.stopped is not None:
            limit = quota.max_bytes
            quota = PictureQuota(
                None if limit is None else round(limit * (1 - RESUME_MARGIN)),
                round(quota.reserve_bytes * (1 + RESUME_MARGIN)),
            )
        return quota.refuse_picture(folder, used_bytes, new_bytes)

    def update_state(self, refusal: str | None) -> str | None:
        """Take the outcome of a picture, None if it was saved; returns a message at a change."""
        was_stopped = self.stopped is not None
        if (refusal is not None) == was_stopped:
            return None
        self.stopped = refusal
        return (
            "pictures are saved again"
            if was_stopped
            else f"pictures are no longer saved: {refusal}"
        )


def remove_strays(folder: Path, known: set[str]) -> int:
    """Delete files in `frames/` without a row in the record, as a kill can leave them.

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
