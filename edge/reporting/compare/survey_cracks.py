"""The cracks of a survey by picture, with the features of each picture."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.positioning.geotag import Position
from crackscan.edge.reporting.compare.alignment import Features, extract_features
from crackscan.edge.reporting.report.entry import ReportEntry, make_entry
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.values import ReviewVerdict, StoredFinding

MAX_POINTS = 200
"""Of a crack, evenly thinned: its extent is compared, not its detail."""


@dataclass(frozen=True, eq=False)
class Crack:
    """A finding that is not rejected, with its centre lines."""

    finding: StoredFinding
    entry: ReportEntry

    @property
    def number(self) -> int:
        return self.finding.id

    @property
    def position(self) -> Position | None:
        return self.entry.position

    @property
    def has_lines(self) -> bool:
        return bool(self.finding.sighting.lines)

    @property
    def points(self) -> NDArray[np.float32]:
        """(n, 2): x, y along the centre lines, or the centre of the bounding box without them."""
        sighting = self.finding.sighting
        if sighting.lines:
            points = np.concatenate([line[:, :2] for line in sighting.lines])
        else:
            box = sighting.box
            points = np.array(
                [[(box.left + box.right) / 2, (box.top + box.bottom) / 2]], np.float32
            )
        return points[:: max(1, len(points) // MAX_POINTS)]


class SurveyCracks:
    """The cracks of one survey; the features of a picture are extracted when first asked for."""

    def __init__(self, survey: SurveyReader, source_folder: Path | None, limit_mm: float) -> None:
        sessions = {session.id: session for session in survey.sessions()}
        self.cracks = [
            Crack(finding, make_entry(finding, sessions[finding.session], limit_mm))
            for finding in survey.findings()
            if finding.verdict is not ReviewVerdict.REJECTED
        ]
        self.frames: dict[str, list[Crack]] = defaultdict(list)
        """Cracks by the name of their frame."""
        for crack in self.cracks:
            self.frames[crack.entry.frame].append(crack)
        self.positions: dict[str, Position | None] = {
            name: cracks[0].position for name, cracks in self.frames.items()
        }
        """Of the camera, by the name of the frame."""
        self._pictures = SurveyPictures(survey.folder, source_folder)
        self._features: dict[str, Features | None] = {}

    def load_features(self, frame: str) -> Features | None:
        """The features of a frame; None if no picture of it is left."""
        if frame not in self._features:
            finding = self.frames[frame][0].finding
            rgb = self._pictures.read_frame(finding)
            size = finding.sighting.frame_width, finding.sighting.frame_height
            self._features[frame] = None if rgb is None else extract_features(rgb, *size)
        return self._features[frame]
