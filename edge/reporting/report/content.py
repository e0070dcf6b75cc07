"""The content of a report as data; `content_reader` reads it from a record, `page` lays it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crackscan.edge.reporting.report.entry import ReportEntry
from crackscan.edge.reporting.report.figures import FindingFigures
from crackscan.edge.reporting.report.limits import DEFAULT_LIMIT_MM, LimitJudgement, WidthClass
from crackscan.edge.reporting.report.plan import Plan
from crackscan.edge.survey.values import NoteKind, Review, SurveyInfo


@dataclass(frozen=True)
class ReportOptions:
    """What the user chooses."""

    limit_mm: float = DEFAULT_LIMIT_MM
    """Crack width to judge against."""
    detailed_findings: int = 100
    """How many findings, the worst, are shown with pictures."""
    site: str = ""
    """The structure, for the cover; empty takes the record's."""
    inspector: str = ""
    """Who answers for the inspection, for the cover."""


@dataclass(frozen=True)
class ReportLimits:
    """How much a report lists, so that it stays readable and opens on a phone."""

    max_sessions: int = 20
    """Sessions whose settings are listed if they differ from the first one's."""
    max_table_rows: int = 2000
    """Findings in the table after those with pictures; the exports hold all of them."""
    max_thumbnails: int = 60
    """Pictures without a finding: ten rows of six on paper."""
    max_picture_names: int = 600
    """Pictures without a finding that are listed by name only."""
    max_skipped: int = 100
    """Skipped pictures."""
    max_gaps: int = 60
    """The longest gaps."""
    max_warnings: int = 60
    max_marks: int = 100
    max_rejected: int = 500
    """Findings in the table of the rejected ones."""
    max_changes: int = 200
    """Changes since an earlier survey, the most important first."""
    visible_width_px: float = 1.0
    """A crack narrower than this is not expected to be found."""
    max_setting_letters: int = 300
    """Longer values of settings are cut off."""


LIMITS = ReportLimits()


@dataclass(frozen=True)
class DetailedFinding:
    """A finding with its pictures and reviews."""

    entry: ReportEntry
    figures: FindingFigures | None
    """None if no picture is left."""
    reviews: tuple[Review, ...]
    """The latest last."""


@dataclass(frozen=True)
class SessionLine:
    """A session of the survey, formatted for the cover."""

    began: str
    """UTC, to the minute."""
    ended: str
    """Empty if no end was recorded."""
    has_trusted_clock: bool
    """Whether NTP or GPS had set the clock."""
    source: str
    model: str


@dataclass(frozen=True)
class NoteLine:
    """A note of the record, with its corrected time."""

    time: str
    """UTC, to the second."""
    kind: NoteKind
    text: str
    duration_s: float


@dataclass(frozen=True)
class NoteList:
    """The notes of one kind that are listed, and how many there are."""

    lines: tuple[NoteLine, ...]
    count: int


@dataclass(frozen=True)
class WidthSummary:
    """The characteristic widths of all findings that count."""

    judged: Mapping[LimitJudgement, int]
    classes: tuple[WidthClass, ...]
    """Of the widths in millimetres."""
    measured_mm: int
    """Findings with a width in millimetres."""
    measured_px: int
    """Findings with a width, in millimetres or in pixels only."""
    range_px: tuple[float, float] | None
    """The smallest and the largest width in pixels."""
    missing: tuple[tuple[str, int], ...]
    """(reason, findings) for those without a width, the most frequent first."""
    unscaled: int
    """Findings without a scale."""

    @property
    def has_mm(self) -> bool:
        return self.measured_mm > 0


@dataclass(frozen=True)
class PictureSummary:
    """The scanned photographs; all zero if the survey was made from a camera or a video."""

    scanned: int
    taken: tuple[str, str] | None
    """When the first and the last photograph was taken, by their own metadata."""
    without_finding: int
    thumbnails: tuple[tuple[str, str], ...]
    """(name, data URI) of pictures without a finding."""
    names: tuple[str, ...]
    """Further pictures without a finding."""
    skipped: tuple[tuple[str, str], ...]
    """(name, reason)"""
    skipped_count: int
    too_far: int
    """Pictures in which a crack as wide as the limit is narrower than one that can be found."""


@dataclass(frozen=True)
class CoverageSummary:
    """Which part of the moving pictures could be judged."""

    frames: int
    """Of all sessions together."""
    unusable: tuple[tuple[str, int], ...]
    """(reason, frames) for frames that could not be judged, the most frequent first."""
    gaps: NoteList
    """The longest first."""
    gap_s: float
    """Duration of all gaps together."""


@dataclass(frozen=True)
class ReportContent:
    """The whole report."""

    made: str
    """When, UTC."""
    version: str
    """Of crackscan."""
    info: SurveyInfo
    site: str
    inspector: str
    limit_mm: float
    sessions: tuple[SessionLine, ...]
    sources: tuple[str, ...]
    """Of all sessions, each once."""
    models: tuple[str, ...]
    """Of all sessions, each once."""
    settings: tuple[tuple[str, str], ...]
    """(name, value)"""
    card: Mapping[str, Any]
    """The model card; empty if it is missing."""
    finding_count: int
    """Findings that count: all but the rejected ones."""
    accepted_count: int
    rejected: tuple[ReportEntry, ...]
    widths: WidthSummary
    plan: Plan | None
    """None without any position."""
    unlocated: int
    """Findings without a position."""
    detailed: tuple[DetailedFinding, ...]
    """The worst findings."""
    listed: tuple[ReportEntry, ...]
    """The next ones, for the table."""
    unlisted: int
    """Findings that are only in the exported files."""
    pictures: PictureSummary
    coverage: CoverageSummary
    warnings: NoteList
    marks: NoteList
