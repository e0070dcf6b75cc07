"""Disjoint sets of whole numbers (union-find): which numbers have been joined to which."""


class UnionFind:
    """Disjoint sets that are joined pair by pair (Galler & Fischer 1964).

    Each number is a set by itself until it is joined. The caller chooses the representative of a
    union, so there is no union by rank; paths are halved when they are walked (Tarjan & van
    Leeuwen 1984).
    """

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find_root(self, number: int) -> int:
        """The representative of the set that holds a number."""
        parents = self._parents
        while (parent := parents.get(number, number)) != number:
            grandparent = parents.get(parent, parent)
            parents[number] = grandparent
            number = grandparent
        return number

    def join_sets(self, kept: int, other: int) -> bool:
        """Join the sets of two numbers under the representative of `kept`.

        Returns:
            Whether they were two sets before.
        """
        root, gone = self.find_root(kept), self.find_root(other)
        if root == gone:
            return False
        self._parents[gone] = root
        return True
