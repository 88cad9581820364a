import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.rubric import Condition, grade, judge

LABELS = Path(__file__).resolve().parents[3] / "shared" / "real-squares" / "labels.json"

SOUND = Condition(missing=0.0, dirty=0.0, window=1.0, clearness=1.0, dimming=0.0)
share = st.floats(0, 1)


def test_a_sound_square_is_perfect() -> None:
    severities = judge(SOUND)
    assert severities.overall == 4
    assert (severities.cracking, severities.contamination, severities.thick_ice) == (0, 0, 0)


@pytest.mark.parametrize(
    ("missing", "low", "high"),
    [(0.01, 0.5, 1.5), (0.06, 1.5, 2.5), (0.25, 2.5, 3.5), (0.5, 3.5, 4.0), (1.0, 4.0, 4.0)],
)
def test_missing_film_falls_in_its_class_of_the_rubric(
    missing: float, low: float, high: float
) -> None:
    condition = Condition(missing=missing, dirty=0, window=1, clearness=1, dimming=0)
    assert low <= judge(condition).cracking <= high


@pytest.mark.parametrize(
    ("dirty", "low", "high"), [(0.01, 0.5, 1.5), (0.03, 1.5, 2.5), (0.1, 2.5, 3.5), (0.3, 4.0, 4.0)]
)
def test_dirt_falls_in_its_class_of_the_rubric(dirty: float, low: float, high: float) -> None:
    condition = Condition(missing=0, dirty=dirty, window=1, clearness=1, dimming=0)
    assert low <= judge(condition).contamination <= high


def test_a_square_without_film_is_useless() -> None:
    assert judge(Condition(1.0, 0.0, 1.0, 1.0, 0.0)).overall == 0


def test_a_tiny_round_spot_is_useless() -> None:
    severities = judge(Condition(0.0, 0.0, 0.05, 0.0, 0.6))
    assert severities.thick_ice == 4
    assert severities.overall == 0


@pytest.mark.parametrize(("window", "ice"), [(0.93, 0), (0.6, 1), (0.38, 2), (0.2, 3), (0.05, 4)])
def test_a_smaller_window_is_thicker_ice(window: float, ice: float) -> None:
    condition = Condition(missing=0, dirty=0, window=window, clearness=1, dimming=0)
    assert judge(condition).thick_ice == pytest.approx(ice, abs=0.1)


@given(share, share, share, share, share)
def test_scores_stay_between_0_and_4(
    missing: float, dirty: float, window: float, clearness: float, dimming: float
) -> None:
    s = judge(Condition(missing, dirty, window, clearness, dimming))
    assert all(0 <= v <= 4 for v in (s.cracking, s.contamination, s.thick_ice, s.overall))


@given(share, share)
def test_more_missing_film_is_never_better(one: float, two: float) -> None:
    scores = [judge(Condition(v, 0, 1, 1, 0)).overall for v in sorted((one, two))]
    assert scores[1] <= scores[0]


def test_the_worst_flaw_decides_and_others_add_the_less() -> None:
    dirty, torn = grade(0, 3, 0), grade(1, 3, 0)
    assert dirty - 0.3 < torn < dirty
    assert grade(1, 0, 0) - torn > 1
    assert grade(4, 4, 4) == 0


def test_people_grade_real_squares_as_the_rubric_does() -> None:
    if not LABELS.exists():
        pytest.skip(f"{LABELS.name} of real squares is not beside the project")
    rows = json.loads(LABELS.read_text(encoding="utf-8"))
    error = np.array(
        [grade(r["cracking"], r["contamination"], r["thick_ice"]) - r["overall"] for r in rows]
    )
    assert abs(error.mean()) < 0.05
    assert np.abs(error).mean() < 0.2
