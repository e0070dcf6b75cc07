"""Disjoint sets hold what was joined, under the representative that was kept."""

from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.union_find import UnionFind

numbers = st.integers(0, 12)


def test_each_number_is_a_set_by_itself_until_it_is_joined() -> None:
    sets = UnionFind()
    assert [sets.find_root(number) for number in (0, 7, -3)] == [0, 7, -3]


def test_the_kept_number_represents_the_union() -> None:
    sets = UnionFind()
    assert sets.join_sets(3, 5) and sets.join_sets(1, 5)
    assert [sets.find_root(number) for number in (1, 3, 5)] == [1, 1, 1]
    assert not sets.join_sets(5, 3), "they were one set already"


@given(st.lists(st.tuples(numbers, numbers), max_size=20))
def test_two_numbers_are_in_one_set_if_a_chain_of_pairs_joins_them(
    pairs: list[tuple[int, int]],
) -> None:
    sets, groups = UnionFind(), {number: {number} for number in range(13)}
    for kept, other in pairs:
        assert sets.join_sets(kept, other) == (groups[kept] is not groups[other])
        groups[kept] |= groups[other]
        for number in groups[kept]:
            groups[number] = groups[kept]
    for number in range(13):
        assert sets.find_root(number) in groups[number]
        assert {sets.find_root(one) for one in groups[number]} == {sets.find_root(number)}
