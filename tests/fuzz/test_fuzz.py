"""A bounded share of `make fuzz`: what crashes, hangs or eats memory here does so there."""

import pytest

from tests.fuzz.fuzz import fuzz_all

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def test_damaged_inputs_are_refused_with_an_error_of_ours_in_bounded_time_and_memory() -> None:
    reports = fuzz_all(inputs=1500, seed=1)

    assert [fault for report in reports for fault in report.faults] == []
    assert all(report.inputs for report in reports)
    assert sum(report.refused for report in reports) > 300
