"""A bounded share of `make chaos`: after any storm all is as if there had been none."""

import pytest

from tests.faults.chaos import Wildness, run_rounds

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_kills_at_random_moments_lose_nothing_double_nothing_and_change_no_rank(kind: str) -> None:
    ((tally, faults),) = run_rounds(kind, 1, Wildness(kills=6, gap_s=2.0, seed=7))

    assert faults == []
    assert tally.kills == 6
