"""The data folder from which the shipped models are trained: its parts and their names."""

from collections.abc import Sequence
from pathlib import Path

from crackscan.core.errors import DataError

CLOSE_UPS, FIELD, DEVELOPMENT = "metu", "field_photos", "deepcrack_dev"
"""Class folders of close-ups; annotated photographs; photographs with masks for development."""
USUAL_PARTS = (CLOSE_UPS, FIELD, DEVELOPMENT)


def check_data_folder(data: Path, parts: Sequence[str] = USUAL_PARTS) -> None:
    """Check that every part is there, before hours are spent on the others.

    Raises:
        DataError: a part is missing.
    """
    for part in parts:
        if not (data / part).is_dir():
            raise DataError(f"{data} has no folder {part}/; see the README for its contents")
