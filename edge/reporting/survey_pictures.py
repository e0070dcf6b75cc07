"""Finds the pictures of a survey: in its own folder, or where the photographs came from."""

from pathlib import Path

from crackscan.core.errors import PictureError
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.values import StoredFinding


class SurveyPictures:
    """Reads pictures of one survey and keeps the last one, which several findings may share."""

    def __init__(self, survey_folder: Path, source_folder: Path | None) -> None:
        """`source_folder` holds the photographs that were scanned; None if they are not here."""
        self._survey_folder = survey_folder
        self._source_folder = source_folder
        self._last: tuple[str, RGB] | None = None

    def read_frame(self, finding: StoredFinding) -> RGB | None:
        """The frame that shows a finding best, RGB uint8 (height, width, 3), or None.

        The record keeps a reduced copy of a large photograph. The photograph itself is preferred as
        long as it is there in its full width.
        """
        width = finding.sighting.frame_width
        kept = self.read_kept(finding.picture)
        if kept is not None and kept.shape[1] >= width:
            return kept
        photograph = self.read_photograph(finding.sighting.frame)
        if kept is None or (photograph is not None and photograph.shape[1] == width):
            return photograph
        return kept

    def read_kept(self, path: str | None) -> RGB | None:
        """A picture that the record keeps, by its path below the survey's folder."""
        return None if path is None else self._read(self._survey_folder, path)

    def read_photograph(self, name: str) -> RGB | None:
        """A photograph by its name below the folder that was scanned."""
        return None if self._source_folder is None else self._read(self._source_folder, name)

    def _read(self, folder: Path, name: str) -> RGB | None:
        path = folder / name
        if not _is_inside(path, folder):
            return None
        if self._last is not None and self._last[0] == str(path):
            return self._last[1]
        try:
            rgb = read_picture(path)
        except PictureError:
            return None
        self._last = str(path), rgb
        return rgb


def find_source_folder(survey: SurveyReader) -> Path | None:
    """The folder that the record names as its source, if it exists on this machine."""
    source = survey.info().source
    return Path(source) if source and Path(source).is_dir() else None


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a name in a record stays inside its folder and is a file."""
    try:
        return path.resolve().is_relative_to(folder.resolve()) and path.is_file()
    except OSError:
        return False
