"""Reads a survey's record into the content of its report."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.edge.positioning.clock import ClockSource
from crackscan.edge.positioning.geotag import Position
from crackscan.edge.reporting.formatting import format_minute, format_second
from crackscan.edge.reporting.report.content import (
    LIMITS,
    CoverageSummary,
    DetailedFinding,
    NoteLine,
    NoteList,
    ReportContent,
    ReportOptions,
    SessionLine,
    WidthSummary,
)
from crackscan.edge.reporting.report.entry import ReportEntry, make_entry
from crackscan.edge.reporting.report.figures import embed_finding, replace_close_up
from crackscan.edge.reporting.report.limits import LimitJudgement, count_widths
from crackscan.edge.reporting.report.picture_summary import summarize_pictures
from crackscan.edge.reporting.report.plan import PARAMETERS as PLAN
from crackscan.edge.reporting.report.plan import make_plan
from crackscan.edge.reporting.report.settings_list import list_settings
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey.reading import CARD, SurveyReader, best_time
from crackscan.edge.survey.values import Note, NoteKind, Session

Progress = Callable[[int, int], object]
"""Called with the number of findings drawn and of all to draw."""


def read_content(
    survey: SurveyReader,
    options: ReportOptions,
    source_folder: Path | None,
    made_s: float,
    on_progress: Progress = lambda *_: None,
) -> ReportContent:
    """Read a survey; one picture and the entries of all findings are in memory at a time.

    Args:
        source_folder: the folder of the scanned photographs, None if it is not on this machine.
        made_s: Unix time of the report.
    """
    info = survey.info()
    sessions = {session.id: session for session in survey.sessions()}
    entries = [
        make_entry(finding, sessions[finding.session], options.limit_mm)
        for finding in survey.findings()
    ]
    counted = sorted((e for e in entries if not e.is_rejected), key=lambda e: e.rank)
    pictures = SurveyPictures(survey.folder, source_folder)
    worst = counted[: options.detailed_findings]
    detailed = []
    for entry in worst:
        detailed.append(_read_detail(survey, entry, pictures))
        on_progress(len(detailed), len(worst))
    rest = counted[options.detailed_findings :]
    lines = [_session_line(session) for session in sessions.values()]
    notes = [_note_line(note, sessions[session]) for session, note in survey.notes()]
    return ReportContent(
        made=f"{format_minute(made_s)} UTC",
        version=__version__,
        info=info,
        site=options.site or info.site or info.name,
        inspector=options.inspector,
        limit_mm=options.limit_mm,
        sessions=tuple(lines),
        sources=tuple(dict.fromkeys(line.source for line in lines if line.source)),
        models=tuple(dict.fromkeys(line.model for line in lines if line.model)),
        settings=tuple(list_settings(survey.settings(), list(sessions.values()))),
        card=_read_card(survey.folder),
        finding_count=len(counted),
        accepted_count=sum(e.finding.verdict is not None for e in counted),
        rejected=tuple(e for e in entries if e.is_rejected),
        widths=_summarize_widths(counted, options.limit_mm),
        plan=make_plan(counted, [_read_track(survey, session) for session in sessions]),
        unlocated=sum(e.position is None for e in counted),
        detailed=tuple(detailed),
        listed=tuple(rest[: LIMITS.max_table_rows]),
        unlisted=max(len(rest) - LIMITS.max_table_rows, 0),
        pictures=summarize_pictures(survey.scanned(), options.limit_mm, pictures),
        coverage=_summarize_coverage(survey, notes),
        warnings=_list_notes(notes, NoteKind.WARNING, LIMITS.max_warnings),
        marks=_list_notes(notes, NoteKind.MARK, LIMITS.max_marks),
    )


def _read_detail(
    survey: SurveyReader, entry: ReportEntry, pictures: SurveyPictures
) -> DetailedFinding:
    finding = survey.finding(entry.number)
    if finding is None:
        return DetailedFinding(entry, None, ())
    figures = None
    rgb = pictures.read_frame(finding)
    if rgb is not None:
        figures = embed_finding(rgb, finding.sighting, finding.sighting.scale)
        close_up = pictures.read_kept(survey.close_up(entry.number))
        if rgb.shape[1] < finding.sighting.frame_width and close_up is not None:
            figures = replace_close_up(figures, close_up)
    return DetailedFinding(entry, figures, tuple(survey.reviews(entry.number)))


def _summarize_widths(counted: Sequence[ReportEntry], limit_mm: float) -> WidthSummary:
    widths_mm = [e.width_mm.value_mm for e in counted if e.width_mm is not None]
    widths_px = [e.width_px.value_px for e in counted if e.width_px is not None]
    missing = Counter(e.missing_width for e in counted if e.width_px is None)
    return WidthSummary(
        judged={kind: sum(e.judgement is kind for e in counted) for kind in LimitJudgement},
        classes=tuple(count_widths(widths_mm, limit_mm)),
        measured_mm=len(widths_mm),
        measured_px=len(widths_px),
        range_px=(min(widths_px), max(widths_px)) if widths_px else None,
        missing=tuple(missing.most_common()),
        unscaled=sum(e.scale is None for e in counted),
    )


def _summarize_coverage(survey: SurveyReader, notes: Sequence[NoteLine]) -> CoverageSummary:
    frames: Counter[str] = Counter()
    for counts in survey.frame_counts().values():
        frames.update(counts)
    gaps = [note for note in notes if note.kind is NoteKind.GAP]
    return CoverageSummary(
        frames=sum(frames.values()),
        unusable=tuple((reason, count) for reason, count in frames.most_common() if reason),
        gaps=_list_notes(
            sorted(gaps, key=lambda note: -note.duration_s), NoteKind.GAP, LIMITS.max_gaps
        ),
        gap_s=sum(note.duration_s for note in gaps),
    )


def _read_track(survey: SurveyReader, session: int) -> list[Position]:
    """The positions of a session, thinned evenly while they are read."""
    points = (point.geotag.position for _, point in survey.track(session))
    positions: Iterator[Position] = (position for position in points if position is not None)
    kept: list[Position] = []
    step = 1
    while block := list(islice(positions, step)):
        kept.append(block[-1])
        if len(kept) > 4 * PLAN.max_track_points:
            kept = kept[1::2]
            step *= 2
    return kept


def _session_line(session: Session) -> SessionLine:
    began = best_time(session.began, session)
    ended = None if session.ended is None else best_time(session.ended, session)
    return SessionLine(
        format_minute(began.wall_s),
        "" if ended is None else format_minute(ended.wall_s),
        began.wall_from in (ClockSource.GPS, ClockSource.NTP),
        session.info.source,
        f"{session.info.model} {session.info.model_version}".strip(),
    )


def _note_line(note: Note, session: Session) -> NoteLine:
    time = format_second(best_time(note.at, session).wall_s)
    return NoteLine(time, note.kind, note.text, note.seconds)


def _list_notes(notes: Sequence[NoteLine], kind: NoteKind, max_lines: int) -> NoteList:
    lines = [note for note in notes if note.kind is kind]
    return NoteList(tuple(lines[:max_lines]), len(lines))


def _read_card(folder: Path) -> dict[str, Any]:
    try:
        card = json.loads((folder / CARD).read_bytes())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}
