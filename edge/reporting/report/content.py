"""Everything the report says, gathered from the record; the page only lays it out."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.edge.positioning.clock import ClockSource
from crackscan.edge.positioning.values import Position
from crackscan.edge.reporting.report.entry import Entry, entry_of
from crackscan.edge.reporting.report.limits import DEFAULT_MM, Judgement, WidthClass, classify
from crackscan.edge.reporting.report.pictures import (
    Figures,
    Pictures,
    figures_of,
    thumbnail,
    with_close_up,
)
from crackscan.edge.reporting.report.plan import MOST_TRACK, Plan, make_plan
from crackscan.edge.survey.reading import CARD, SurveyReader, best_time, iso_time
from crackscan.edge.survey.values import Note, NoteKind, Review, ScannedPicture, Session, SurveyInfo

MOST_SESSIONS = 20
"""Of those that differ, so many are told."""
MOST_ROWS, MOST_THUMBNAILS, MOST_NAMES, MOST_NOTES = 2000, 60, 600, 200
THIN_PX = 1.0
"""A crack narrower than this is not expected to be found."""


@dataclass(frozen=True)
class Options:
    """What the user chooses."""

    limit_mm: float = DEFAULT_MM
    in_full: int = 100
    """So many findings, the worst, with pictures."""
    site: str = ""
    inspector: str = ""


@dataclass(frozen=True)
class Shown:
    """A finding in full."""

    entry: Entry
    figures: Figures | None
    reviews: tuple[tuple[str, Review], ...]
    """Each with its time."""


@dataclass(frozen=True)
class Visit:
    """A session, in words."""

    began: str
    ended: str
    clock: str
    trusted: bool
    source: str
    model: str


@dataclass(frozen=True)
class Remark:
    """A note of the record, in words."""

    time: str
    kind: NoteKind
    text: str
    seconds: float


@dataclass(frozen=True)
class Empty:
    """The pictures in which nothing was seen."""

    count: int
    thumbnails: tuple[tuple[str, str], ...]
    """(name, data URI)"""
    names: tuple[str, ...]
    """Of those without a thumbnail, so many as are listed."""


@dataclass(frozen=True)
class Content:
    """The whole report."""

    made: str
    version: str
    info: SurveyInfo
    site: str
    inspector: str
    limit_mm: float
    visits: tuple[Visit, ...]
    sources: tuple[str, ...]
    """Of all visits, each once; and so their models."""
    models: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    card: dict[str, Any]
    counted: int
    """Findings that count: all but the rejected ones."""
    accepted: int
    rejected: tuple[Entry, ...]
    judged: dict[Judgement, int]
    classes: tuple[WidthClass, ...]
    measured_mm: int
    measured_px: int
    widths_px: tuple[float, float] | None
    """The narrowest and the widest, where none is known in mm."""
    why: tuple[tuple[str, int], ...]
    """Why widths are missing, and how often."""
    unplaced: int
    plan: Plan | None
    shown: tuple[Shown, ...]
    rows: tuple[Entry, ...]
    unlisted: int
    """Findings that stand in the files beside the report only."""
    scanned: int
    taken: tuple[str, str] | None
    """When the first and the last photograph was taken, as they tell it."""
    empty: Empty
    skipped: tuple[tuple[str, str], ...]
    skipped_count: int
    too_far: int
    """Pictures in which a crack as wide as the limit has less than THIN_PX."""
    unscaled: int
    frames: int
    """Of moving pictures, in all sessions together."""
    unjudged: tuple[tuple[str, int], ...]
    """Why frames were not judged, and how many."""
    gaps: tuple[Remark, ...]
    gap_count: int
    gap_s: float
    warnings: tuple[Remark, ...]
    marks: tuple[Remark, ...]

    @property
    def has_mm(self) -> bool:
        return self.measured_mm > 0


def gather(
    survey: SurveyReader,
    options: Options,
    source: Path | None,
    made_s: float,
    watch: Callable[[int, int], object] = lambda *_: None,
) -> Content:
    """Read a survey; one picture and the light entries of all findings are in memory at a time.

    `source` is the folder of the photographs that were scanned, where it is at hand; `watch` is
    called with the findings drawn and their number.
    """
    info = survey.info()
    sessions = {session.id: session for session in survey.sessions()}
    entries = [
        entry_of(found, sessions[found.session], options.limit_mm) for found in survey.findings()
    ]
    counted = sorted((one for one in entries if not one.rejected), key=lambda one: one.rank)
    pictures = Pictures(survey.folder, source)
    full = counted[: options.in_full]
    shown = []
    for entry in full:
        shown.append(_shown(survey, entry, pictures))
        watch(len(shown), len(full))
    rest = counted[options.in_full :]
    wide_mm = [one.width_mm.value_mm for one in counted if one.width_mm is not None]
    wide_px = [one.width_px.value_px for one in counted if one.width_px is not None]
    visits = tuple(_visit(session) for session in sessions.values())
    notes = [_remark(note, sessions[of]) for of, note in survey.notes()]
    gaps = [one for one in notes if one.kind is NoteKind.GAP]
    looks = _Looks(survey, options.limit_mm, pictures)
    frames: Counter[str] = Counter()
    for counts in survey.frame_counts().values():
        frames.update(counts)
    return Content(
        made=iso_time(made_s)[:16].replace("T", " ") + " UTC",
        version=__version__,
        info=info,
        site=options.site or info.site or info.name,
        inspector=options.inspector,
        limit_mm=options.limit_mm,
        visits=visits,
        sources=tuple(dict.fromkeys(one.source for one in visits if one.source)),
        models=tuple(dict.fromkeys(one.model for one in visits if one.model)),
        settings=tuple(_settings(survey, list(sessions.values()))),
        card=_card(survey.folder),
        counted=len(counted),
        accepted=sum(one.verdict is not None for one in counted),
        rejected=tuple(one for one in entries if one.rejected),
        judged={kind: sum(one.judgement is kind for one in counted) for kind in Judgement},
        classes=tuple(classify(wide_mm, options.limit_mm)),
        measured_mm=len(wide_mm),
        measured_px=len(wide_px),
        widths_px=(min(wide_px), max(wide_px)) if wide_px else None,
        why=tuple(Counter(one.why for one in counted if one.width_px is None).most_common()),
        unplaced=sum(one.position is None for one in counted),
        plan=make_plan(counted, [_track(survey, of) for of in sessions]),
        shown=tuple(shown),
        rows=tuple(rest[:MOST_ROWS]),
        unlisted=max(len(rest) - MOST_ROWS, 0),
        scanned=looks.scanned,
        taken=looks.taken,
        empty=Empty(looks.empty, tuple(looks.thumbnails), tuple(looks.names)),
        skipped=tuple(looks.skipped),
        skipped_count=looks.skipped_count,
        too_far=looks.too_far,
        unscaled=sum(one.mm_per_px is None for one in counted),
        frames=sum(frames.values()),
        unjudged=tuple((why, count) for why, count in frames.most_common() if why),
        gaps=tuple(sorted(gaps, key=lambda one: -one.seconds)[:MOST_NOTES]),
        gap_count=len(gaps),
        gap_s=sum(one.seconds for one in gaps),
        warnings=tuple(one for one in notes if one.kind is NoteKind.WARNING)[:MOST_NOTES],
        marks=tuple(one for one in notes if one.kind is NoteKind.MARK)[:MOST_NOTES],
    )


class _Looks:
    """Goes once over the scanned pictures."""

    def __init__(self, survey: SurveyReader, limit_mm: float, pictures: Pictures) -> None:
        self.scanned = self.empty = self.skipped_count = self.too_far = 0
        self.thumbnails: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.skipped: list[tuple[str, str]] = []
        self.taken: tuple[str, str] | None = None
        for picture in survey.scanned():
            self.scanned += 1
            self._date(picture)
            if picture.scale is not None and limit_mm / picture.scale.mm_per_px < THIN_PX:
                self.too_far += 1
            if picture.skipped:
                self.skipped_count += 1
                if len(self.skipped) < MOST_NOTES:
                    self.skipped.append((picture.name, picture.skipped))
            elif not picture.findings:
                self.empty += 1
                self._see(picture, pictures)

    def _date(self, picture: ScannedPicture) -> None:
        if picture.taken_s is not None:
            at = iso_time(picture.taken_s)[:16].replace("T", " ") + " UTC"
        elif picture.taken_local:
            at = picture.taken_local[:16].replace("T", " ")
        else:
            return
        first, last = self.taken or (at, at)
        self.taken = min(first, at), max(last, at)

    def _see(self, picture: ScannedPicture, pictures: Pictures) -> None:
        if len(self.thumbnails) < MOST_THUMBNAILS:
            rgb = pictures.of_source(picture.name)
            if rgb is not None:
                self.thumbnails.append((picture.name, thumbnail(rgb)))
                return
        if len(self.names) < MOST_NAMES:
            self.names.append(picture.name)


def _shown(survey: SurveyReader, entry: Entry, pictures: Pictures) -> Shown:
    found = survey.finding(entry.number)
    figures = None
    reviews: list[tuple[str, Review]] = []
    if found is not None:
        width = found.sighting.frame_width
        rgb = pictures.of_finding(entry.picture, entry.frame, width)
        if rgb is not None:
            figures = figures_of(rgb, found.sighting, found.sighting.scale)
            close_up = pictures.of_survey(survey.close_up(entry.number))
            if rgb.shape[1] < width and close_up is not None:
                figures = with_close_up(figures, close_up)
        for review in survey.reviews(entry.number):
            reviews.append((iso_time(review.at.wall_s)[:16].replace("T", " "), review))
    return Shown(entry, figures, tuple(reviews))


def _track(survey: SurveyReader, session: int) -> list[Position]:
    """A session's track, thinned evenly while it is read."""
    points = (point.geotag.position for _, point in survey.track(session))
    places: Iterator[Position] = (place for place in points if place is not None)
    kept: list[Position] = []
    step = 1
    while block := list(islice(places, step)):
        kept.append(block[-1])
        if len(kept) > 4 * MOST_TRACK:
            kept = kept[1::2]
            step *= 2
    return kept


def _visit(session: Session) -> Visit:
    began = best_time(session.began, session)
    ended = None if session.ended is None else best_time(session.ended, session)
    return Visit(
        iso_time(began.wall_s)[:16].replace("T", " "),
        "" if ended is None else iso_time(ended.wall_s)[:16].replace("T", " "),
        began.wall_from.word,
        began.wall_from in (ClockSource.GPS, ClockSource.NTP),
        session.info.source,
        f"{session.info.model} {session.info.model_version}".strip(),
    )


def _remark(note: Note, session: Session) -> Remark:
    time = iso_time(best_time(note.at, session).wall_s)[:19].replace("T", " ")
    return Remark(time, note.kind, note.text, note.seconds)


def _settings(survey: SurveyReader, sessions: list[Session]) -> Iterator[tuple[str, str]]:
    """What the survey was made with, and what later sessions had otherwise."""
    made_with = dict(_flat(survey.settings()))
    yield from made_with.items()
    for session in sessions[1:MOST_SESSIONS]:
        for name, text in _flat(dict(session.info.settings)):
            if made_with.get(name) != text:
                yield f"{name}, session {session.id}", text


def _flat(settings: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Settings as lines of name and value, sections with a point between."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif value not in (None, "", []):
            if name.endswith("_wall_s"):
                name, text = name[:-7], iso_time(value)[:19].replace("T", " ") + " UTC"
            else:
                text = f"{value:.6g}" if isinstance(value, float) else str(value)
            yield f"{above}{name}".replace("_", " "), text[:300]


def _card(folder: Path) -> dict[str, Any]:
    try:
        card = json.loads((folder / CARD).read_bytes())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}
