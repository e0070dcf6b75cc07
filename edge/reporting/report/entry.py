"""What the report says of a finding, in few bytes, so that ten thousand of them fit."""

from dataclasses import dataclass

from crackscan.edge.measurement.values import Length, Measured, Scale
from crackscan.edge.positioning.values import Position
from crackscan.edge.reporting.report.limits import Judgement, judge
from crackscan.edge.survey.reading import best_time, iso_time
from crackscan.edge.survey.values import Session, StoredFinding, Verdict


@dataclass(frozen=True)
class Entry:
    """A finding without its lines and cells."""

    number: int
    time: str
    """UTC, to the second; empty where the clock was absurd."""
    clock: str
    position: Position | None
    frame: str
    picture: str | None
    """Path of its picture below the survey's folder."""
    probability: float
    frames_seen: int
    mm_per_px: float | None
    scale_source: str
    length_px: Measured | None
    width_px: Measured | None
    """Characteristic: the 95th percentile along the crack."""
    most_px: Measured | None
    middle_px: Measured | None
    length_mm: Length | None
    width_mm: Length | None
    most_mm: Length | None
    middle_mm: Length | None
    why: str
    """Why there is no width."""
    judgement: Judgement
    verdict: Verdict | None

    @property
    def rejected(self) -> bool:
        return self.verdict is Verdict.REJECTED

    @property
    def rank(self) -> tuple[int, float, float, float, int]:
        """Sorts the worst first: by the limit, then by width, then by probability."""
        order = list(Judgement).index(self.judgement)
        wide_mm = self.width_mm.value_mm if self.width_mm else 0.0
        wide_px = self.width_px.value_px if self.width_px else 0.0
        return order, -wide_mm, -wide_px, -self.probability, self.number


def entry_of(finding: StoredFinding, session: Session, limit_mm: float) -> Entry:
    """A finding of a session, judged by the 95th percentile of its width."""
    sighting = finding.sighting
    measures, scale = sighting.measures, sighting.scale
    first = best_time(sighting.first, session)
    length, width, most, middle = (
        (measures.length, measures.width_p95, measures.width_max, measures.width_median)
        if measures is not None
        else (None, None, None, None)
    )
    width_mm = _millimetres(width, scale)
    return Entry(
        number=finding.id,
        time=iso_time(first.wall_s)[:19].replace("T", " "),
        clock=first.wall_from.word,
        position=sighting.geotag.position,
        frame=sighting.frame,
        picture=finding.picture,
        probability=sighting.probability,
        frames_seen=sighting.frames_seen,
        mm_per_px=None if scale is None else scale.mm_per_px,
        scale_source="" if scale is None else scale.source,
        length_px=length,
        width_px=width,
        most_px=most,
        middle_px=middle,
        length_mm=_millimetres(length, scale),
        width_mm=width_mm,
        most_mm=_millimetres(most, scale),
        middle_mm=_millimetres(middle, scale),
        why="" if width is not None else (measures.why if measures else "") or "not measured",
        judgement=judge(width_mm, limit_mm),
        verdict=finding.verdict,
    )


def _millimetres(figure: Measured | None, scale: Scale | None) -> Length | None:
    if figure is None or scale is None:
        return None
    return scale.millimetres(figure.value_px, figure.uncertainty_px)
