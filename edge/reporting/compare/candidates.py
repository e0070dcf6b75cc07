"""Chooses the earlier pictures that may show the same part of the structure as a later one."""

from collections.abc import Sequence
from dataclasses import dataclass

from crackscan.edge.positioning.geotag import Position
from crackscan.edge.reporting.compare.alignment import count_similar
from crackscan.edge.reporting.compare.survey_cracks import SurveyCracks
from crackscan.edge.reporting.local_projection import distance_m


@dataclass(frozen=True)
class CandidateParameters:
    """Which pictures are aligned with each other; alignment is what takes the time."""

    default_accuracy_m: float = 10.0
    """Of a position whose receiver states none."""
    viewpoint_distance_m: float = 3.0
    """How far apart two cameras may be that show the same place."""
    max_nearest: int = 6
    """Earlier pictures that are tried if positions are known, the nearest first."""
    max_pictures_without_position: int = 40
    """Pictures of a survey without positions up to which all are compared with all."""
    max_similar: int = 8
    """Of those, the most similar ones are aligned."""


PARAMETERS = CandidateParameters()


def choose_candidates(name: str, later: SurveyCracks, earlier: SurveyCracks) -> list[str]:
    """Names of the earlier pictures to align with a later one, the most likely first."""
    here = later.positions[name]
    is_small = max(len(earlier.frames), len(later.frames)) <= (
        PARAMETERS.max_pictures_without_position
    )
    near: list[tuple[float, str]] = []
    for other, there in earlier.positions.items():
        if here is not None and there is not None:
            if are_near(here, there, PARAMETERS.viewpoint_distance_m):
                near.append((distance_m(here, there), other))
        elif other == name:
            near.append((0.0, other))
        elif is_small:
            near.append((1.0, other))
    near.sort()
    names = [other for _, other in near]
    if here is not None and all(earlier.positions[other] is not None for other in names):
        return names[: PARAMETERS.max_nearest]
    return _choose_similar(name, names, later, earlier)


def are_near(here: Position, there: Position, allowance_m: float = 0.0) -> bool:
    """Whether two positions may be the same within their accuracies and an allowance."""
    return distance_m(here, there) <= _accuracy_m(here) + _accuracy_m(there) + allowance_m


def _choose_similar(
    name: str, names: Sequence[str], later: SurveyCracks, earlier: SurveyCracks
) -> list[str]:
    """The most similar pictures; one of the same name is always among them."""
    after = later.load_features(name) if names else None
    if after is None:
        return []

    def sort_key(other: str) -> tuple[bool, int]:
        before = earlier.load_features(other)
        return other != name, 0 if before is None else -count_similar(after, before)

    return sorted(names, key=sort_key)[: PARAMETERS.max_similar]


def _accuracy_m(position: Position) -> float:
    stated_m = position.accuracy_m
    return PARAMETERS.default_accuracy_m if stated_m is None else stated_m
