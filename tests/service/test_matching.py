"""One-to-one matching of squares by stage distance."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from service.matching import match_by_distance


def test_the_nearest_pair_is_made_first_and_the_other_takes_what_is_left() -> None:
    matched = match_by_distance([(0.0, 0.0), (4.0, 0.0)], [(3.0, 0.0), (-9.0, 0.0)], 10)
    assert matched == {1: 0, 0: 1}


def test_nothing_further_than_the_radius_is_paired() -> None:
    assert match_by_distance([(0.0, 0.0)], [(10.0, 0.0)], 10) == {0: 0}
    assert match_by_distance([(0.0, 0.0)], [(10.001, 0.0)], 10) == {}


def test_a_pair_across_a_cell_border_and_below_zero_is_found() -> None:
    assert match_by_distance([(-0.5, -0.5)], [(0.5, 0.5)], 2) == {0: 0}


points = st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300)), max_size=30)


@given(points, points, st.floats(1, 80))
def test_each_square_has_at_most_one_partner_and_no_near_pair_is_left_free(
    new: list[tuple[float, float]], known: list[tuple[float, float]], radius: float
) -> None:
    matched = match_by_distance(new, known, radius)
    assert len(set(matched.values())) == len(matched)
    for i, (x, y) in enumerate(new):
        for j, (u, v) in enumerate(known):
            near = ((x - u) ** 2 + (y - v) ** 2) ** 0.5 <= radius
            free = i not in matched and j not in matched.values()
            assert not (near and free)


def test_two_thousand_squares_find_themselves_after_a_small_shift() -> None:
    random = Random(1)
    known = [(100.0 * (i % 50), 100.0 * (i // 50)) for i in range(2000)]
    new = [(x + random.uniform(-20, 20), y + random.uniform(-20, 20)) for x, y in known]
    assert match_by_distance(new, known, 45) == {i: i for i in range(2000)}
