"""The identity grid: which track owns each subcell of the wall."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crackscan.core.union_find import UnionFind
from crackscan.edge.tracking.components import (
    FAR_CELLS,
    GROWTH_CELLS,
    Components,
    Labels,
    close_gaps,
    find_components,
    grow_labels,
    grown_slices,
)
from crackscan.edge.tracking.evidence_grid import EvidenceGrid, Window, overlap_part, shift_grid
from crackscan.edge.tracking.motion import Matrix

_NEAR_CELLS = 2 * GROWTH_CELLS
"""Margin around the view, within which components may touch those in view."""


@dataclass(frozen=True, eq=False)
class _NumberedComponents:
    """The components around the view, and the numbers that lie in them."""

    found: Components
    owners: Labels
    """A view of the owners, of the same shape as the labels."""
    numbers: list[set[int]]
    """For each label the numbers that lie in it."""
    begun: set[int]
    """The labels that have a number or are to get one."""


class IdentityGrid:
    """The owner of each subcell of an evidence grid: the number of a track, or 0."""

    def __init__(self) -> None:
        self._owners: Labels | None = None
        self._window: Window | None = None

    @property
    def owners(self) -> Labels:
        """int32, one number per subcell of the window."""
        assert self._owners is not None
        return self._owners

    def follow_window(self, evidence: EvidenceGrid) -> tuple[Labels, Window] | None:
        """Move with the window of the evidence.

        Returns:
            The owners that are no longer in the window, and the window that they were in; None if
            the window has not moved.
        """
        before, window = self._owners, self._window
        self._window = evidence.window
        if before is None or window is None:
            self._owners = np.zeros(evidence.grid.shape, np.int32)
            return None
        if window == evidence.window:
            return None
        down, right = evidence.window.top - window.top, evidence.window.left - window.left
        self._owners = np.asarray(shift_grid(before, down, right), np.int32)
        before[overlap_part(before, down, right)] = 0
        return before, window

    def merge_numbers(self, kept: int, gone: int) -> None:
        """Give all subcells of one track to another."""
        self.owners[self.owners == gone] = kept

    def clear_number(self, number: int) -> None:
        """Free the subcells of a track."""
        self.owners[self.owners == number] = 0

    def strongest_evidence(self, evidence: EvidenceGrid, number: int) -> float:
        """The largest evidence in the subcells of a track; 0 if it owns none."""
        return float(evidence.grid[self.owners == number].max(initial=0.0))

    def grow_tracks(self, evidence: EvidenceGrid, pose: Matrix) -> None:
        """Give evidence that nearly touches a track in view to that track.

        If it touches two tracks, they are found to be one when numbers are assigned next.
        """
        part = evidence.view_slices(pose, 0)
        grid, owners = evidence.grid[part], self.owners[part]
        new = (owners == 0) & (grid >= evidence.parameters.faded)
        near = grown_slices(new)
        np.copyto(owners[near], grow_labels(owners[near]), where=new[near])

    def assign_numbers(
        self,
        evidence: EvidenceGrid,
        pose: Matrix,
        tidy: bool,
        age_of: Callable[[int], tuple[bool, int]],
        next_number: Callable[[], int],
    ) -> list[tuple[int, int]]:
        """Give each component around the view a number: the oldest that lies in it, or a new one.

        Args:
            tidy: whether components that have numbers are joined over gaps, too; a component
                without a number is joined at once.
            age_of: a sort key, least for the track that keeps its number.

        Returns:
            Pairs of the number that was kept and the number that became part of it.
        """
        components = self._number_components(evidence, pose, FAR_CELLS if tidy else _NEAR_CELLS)
        if not tidy and any(not components.numbers[label] for label in components.begun):
            components = self._number_components(evidence, pose, FAR_CELLS)
        found, numbers, begun = components.found, components.numbers, components.begun
        cracks = close_gaps(
            found,
            lambda one, other: (
                {one, other} <= begun
                and numbers[one].isdisjoint(numbers[other])
                and (tidy or not numbers[one] or not numbers[other])
            ),
        )
        sets = UnionFind()
        gone: list[int] = []
        table = [0] * found.count
        for label in sorted({cracks[part] for part in begun}):
            inside = (numbers[part] for part in range(1, found.count) if cracks[part] == label)
            # A number may lie in several components, and be merged already in one of them.
            alive = sorted({sets.find_root(one) for one in set().union(*inside)}, key=age_of)
            table[label] = alive[0] if alive else next_number()
            for number in alive[1:]:
                sets.join_sets(alive[0], number)
                gone.append(number)
        merges = [(sets.find_root(number), number) for number in gone]
        for kept, number in merges:
            self.merge_numbers(kept, number)
        roots = np.array([sets.find_root(table[label]) for label in cracks], np.int32)
        of_subcells = roots.take(found.labels)
        np.copyto(components.owners, of_subcells, where=of_subcells > 0)
        return merges

    def _number_components(
        self, evidence: EvidenceGrid, pose: Matrix, cells: float
    ) -> _NumberedComponents:
        """The components around the view; subcells of refuted evidence lose their owner."""
        p = evidence.parameters
        part = evidence.view_slices(pose, cells)
        grid, owners = evidence.grid[part], self.owners[part]
        near = grown_slices((grid >= p.faded) | (owners > 0))
        grid, owners = grid[near], owners[near]
        np.copyto(owners, 0, where=grid < 0)
        known = owners > 0
        found = find_components((grid >= p.faded) | known)
        numbers: list[set[int]] = [set() for _ in range(found.count)]
        owned = np.flatnonzero(known)
        both = found.labels.take(owned) + np.int64(found.count) * owners.take(owned)
        for number, label in (divmod(one, found.count) for one in np.unique(both).tolist()):
            numbers[label].add(number)
        strong = found.labels.take(np.flatnonzero(known | (grid >= p.tentative)))
        begun = set(np.flatnonzero(np.bincount(strong)).tolist())
        return _NumberedComponents(found, owners, numbers, begun)
