"""Writes reviews into a survey; reviewing does not begin a session of the record."""

import os
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from crackscan.core.errors import CrackscanError
from crackscan.edge.survey.database import open_for_writing
from crackscan.edge.survey.folder import lock_folder
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.rows import insert, instant_row
from crackscan.edge.survey.values import Review


class ReviewWriter(SurveyReader):
    """A survey that is being reviewed: by one process at a time, in one of its threads."""

    def __init__(self, folder: Path) -> None:
        """Raises SurveyError as `Survey.resume` does."""
        self._lock = lock_folder(folder)
        try:
            super().__init__(folder, open_for_writing(folder))
        except BaseException:
            os.close(self._lock)
            raise

    def add_review(self, review: Review) -> None:
        """Add a review, synced to the disk; the latest one of a finding counts.

        Raises CrackscanError if the finding does not exist or the disk cannot be written.
        """
        row = {
            "finding": review.finding,
            "verdict": str(review.verdict),
            "reviewer": review.by,
            "remark": review.remark,
            **instant_row(review.at),
        }
        if self.finding(review.finding) is None:
            raise CrackscanError(f"{self.folder} has no finding {review.finding}")
        try:
            insert(self._connection, "review", row)
        except sqlite3.Error as error:
            raise CrackscanError(f"{self.folder} cannot be written: {error}") from None

    def close(self) -> None:
        super().close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
