"""When a moved film level makes scores stale."""

import pytest

from service.scoring_input import Levels, input_key, next_scoring_levels

NONE = Levels(None, None)


@pytest.mark.parametrize(
    ("scoring", "reported", "complete", "expected"),
    [
        (NONE, NONE, False, NONE),
        (NONE, Levels(100, None), False, Levels(100, None)),
        (Levels(100, None), Levels(105, None), False, Levels(100, None)),
        (Levels(100, None), Levels(105.1, None), False, Levels(105.1, None)),
        (Levels(100, None), Levels(101, None), True, Levels(101, None)),
        (Levels(100, None), NONE, True, Levels(100, None)),
        (Levels(100, None), Levels(101, 130), False, Levels(100, None)),
        (Levels(100, 130), Levels(101, 150), False, Levels(100, 130)),
        (Levels(100, None), Levels(101, None, 84.5), False, Levels(101, None, 84.5)),
        (Levels(100, None, 84.5), Levels(101, None, 86), False, Levels(100, None, 84.5)),
        (Levels(100, None, 84.5), Levels(101, None, 63), False, Levels(101, None, 63)),
    ],
)
def test_levels_follow_when_they_moved_enough_and_exactly_when_the_atlas_is_complete(
    scoring: Levels, reported: Levels, complete: bool, expected: Levels
) -> None:
    assert next_scoring_levels(scoring, reported, complete=complete) == expected


def test_a_score_is_named_by_all_that_it_is_made_of() -> None:
    keys = {
        input_key("a" * 64, 512, Levels(100, None)),
        input_key("b" * 64, 512, Levels(100, None)),
        input_key("a" * 64, 1024, Levels(100, None)),
        input_key("a" * 64, 512, Levels(101, None)),
        input_key("a" * 64, 512, Levels(100, None, 84.5)),
    }
    assert len(keys) == 5
    assert None not in keys
    assert input_key("a" * 64, 512, Levels(100, 130)) in keys  # no network is told the vacuum level


def test_without_crop_or_film_level_nothing_can_be_scored() -> None:
    assert input_key(None, None, Levels(100, None)) is None
    assert input_key("a" * 64, 512, NONE) is None
