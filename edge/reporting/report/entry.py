"""A finding as the report lists it: the record's finding, its scale, and its width judged."""

from dataclasses import dataclass, replace

from crackscan.edge.measurement.values import Length, Measurement, Measurements, Scale
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.positioning.geotag import Position
from crackscan.edge.reporting.report.limits import LimitJudgement, judge_width
from crackscan.edge.survey.reading import best_time
from crackscan.edge.survey.values import ReviewVerdict, Session, StoredFinding

NOT_MEASURED = "not measured"
_NO_MEASURES = Measurements(why=NOT_MEASURED)


@dataclass(frozen=True)
class ReportEntry:
    """A finding in the report; `make_entry` makes it."""

    finding: StoredFinding
    """Without its cells and centre lines, so that ten thousand entries fit into memory."""
    first_seen: Instant
    """By the best clock that its session had."""
    judgement: LimitJudgement

    @property
    def number(self) -> int:
        return self.finding.id

    @property
    def frame(self) -> str:
        """Name of the picture that shows the finding best."""
        return self.finding.sighting.frame

    @property
    def position(self) -> Position | None:
        return self.finding.sighting.geotag.position

    @property
    def probability(self) -> float:
        return self.finding.sighting.probability

    @property
    def scale(self) -> Scale | None:
        return self.finding.sighting.scale

    @property
    def measures(self) -> Measurements:
        """Length and widths in pixels."""
        return self.finding.sighting.measures or _NO_MEASURES

    @property
    def width_px(self) -> Measurement | None:
        """The characteristic width: the 95th percentile along the crack."""
        return self.measures.width_p95

    @property
    def length_px(self) -> Measurement | None:
        return self.measures.length

    @property
    def width_mm(self) -> Length | None:
        return self.to_mm(self.width_px)

    @property
    def length_mm(self) -> Length | None:
        return self.to_mm(self.length_px)

    @property
    def missing_width(self) -> str:
        """Why there is no width; empty if there is one."""
        return "" if self.width_px is not None else self.measures.why or NOT_MEASURED

    @property
    def is_rejected(self) -> bool:
        return self.finding.verdict is ReviewVerdict.REJECTED

    @property
    def rank(self) -> tuple[int, float, float, float, int]:
        """Sort key that puts the worst first: by the limit, the width, the probability."""
        order = list(LimitJudgement).index(self.judgement)
        width_mm = self.width_mm.value_mm if self.width_mm else 0.0
        width_px = self.width_px.value_px if self.width_px else 0.0
        return order, -width_mm, -width_px, -self.probability, self.number

    def to_mm(self, figure: Measurement | None) -> Length | None:
        """A figure in pixels converted by the finding's scale; None without either of them."""
        return _to_mm(figure, self.scale)


def make_entry(finding: StoredFinding, session: Session, limit_mm: float) -> ReportEntry:
    """List a finding of a session; its characteristic width is judged against the limit."""
    sighting = replace(finding.sighting, cells=(), lines=())
    width = None if sighting.measures is None else sighting.measures.width_p95
    return ReportEntry(
        replace(finding, sighting=sighting),
        best_time(sighting.first, session),
        judge_width(_to_mm(width, sighting.scale), limit_mm),
    )


def _to_mm(figure: Measurement | None, scale: Scale | None) -> Length | None:
    if figure is None or scale is None:
        return None
    return scale.millimetres(figure.value_px, figure.uncertainty_px)
