"""Compares two surveys: finds each crack of one in the other and judges what changed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crackscan.edge.reporting.compare.alignment import align_pictures
from crackscan.edge.reporting.compare.candidates import choose_candidates
from crackscan.edge.reporting.compare.change import Change, CrackChange
from crackscan.edge.reporting.compare.matching import (
    CrackMatch,
    is_covered,
    match_pictures,
    match_positions,
    select_matches,
)
from crackscan.edge.reporting.compare.survey_cracks import SurveyCracks
from crackscan.edge.reporting.report.limits import DEFAULT_LIMIT_MM
from crackscan.edge.survey.reading import SurveyReader


@dataclass(frozen=True)
class Comparison:
    """How every crack of two surveys changed, the most important changes first."""

    earlier: str
    """Name of the survey."""
    later: str
    changes: tuple[CrackChange, ...]

    def count_changes(self, change: Change) -> int:
        return sum(one.change is change for one in self.changes)


def compare_surveys(
    earlier: SurveyReader,
    later: SurveyReader,
    source_folders: tuple[Path | None, Path | None] = (None, None),
    limit_mm: float = DEFAULT_LIMIT_MM,
    on_progress: Callable[[int, int], object] = lambda *_: None,
) -> Comparison:
    """Match the cracks of two surveys; rejected findings are left out.

    Pictures taken near each other, or of the same name, or all of two small surveys, are aligned;
    cracks that coincide then are the same. If no pictures are left, two cracks are the same if they
    have only each other within the accuracy of their positions.

    Args:
        source_folders: the scanned photographs of both surveys, None if they are not here.
        on_progress: called with the number of later pictures done and of all of them.
    """
    old = SurveyCracks(earlier, source_folders[0], limit_mm)
    new = SurveyCracks(later, source_folders[1], limit_mm)
    matches: list[CrackMatch] = []
    covered_old: set[int] = set()
    covered_new: set[int] = set()
    for done, (name, cracks) in enumerate(new.frames.items(), 1):
        for other in choose_candidates(name, new, old):
            before, after = old.load_features(other), new.load_features(name)
            if before is None or after is None:
                continue
            alignment = align_pictures(before, after)
            if alignment is None:
                continue
            covered_old |= {
                crack.number
                for crack in old.frames[other]
                if is_covered(alignment.to_later(crack.points), alignment.later)
            }
            covered_new |= {
                crack.number
                for crack in cracks
                if is_covered(alignment.to_earlier(crack.points), alignment.earlier)
            }
            matches += match_pictures(old.frames[other], cracks, alignment)
        on_progress(done, len(new.frames))
    changes = select_matches(matches)
    # A crack with a match that another crack took is a part of it, and neither new nor gone.
    matched_old = {match.before.number for match in matches}
    matched_new = {match.after.number for match in matches}
    by_position = match_positions(
        [crack for crack in old.cracks if crack.number not in matched_old | covered_old],
        [crack for crack in new.cracks if crack.number not in matched_new | covered_new],
    )
    changes += by_position
    matched_old |= {change.before.number for change in by_position if change.before is not None}
    matched_new |= {change.after.number for change in by_position if change.after is not None}
    for crack in new.cracks:
        if (number := crack.number) not in matched_new:
            covered = number in covered_new
            changes.append(CrackChange(Change.NEW, None, crack.entry, is_place_covered=covered))
    for crack in old.cracks:
        if (number := crack.number) not in matched_old:
            covered = number in covered_old
            changes.append(CrackChange(Change.GONE, crack.entry, None, is_place_covered=covered))
    changes.sort(key=_sort_key)
    return Comparison(earlier.info().name, later.info().name, tuple(changes))


def _sort_key(change: CrackChange) -> tuple[int, tuple[int, float, float, float, int]]:
    entry = change.after or change.before
    assert entry is not None
    return list(Change).index(change.change), entry.rank
