import numpy as np

from model.dataset import Labels
from simulate.raters import JUDGED, draw_raters, mean_labels, rate_all

TRUTH = Labels(brightness=3.3, squareness=2.2, cracking=0.0, contamination=1.6, overall=2.7)


def test_raters_give_half_points_between_0_and_4() -> None:
    raters = draw_raters(1, 3)
    for number in range(50):
        for scores in rate_all(raters, TRUTH, (1, 0, number)):
            assert all(0 <= v <= 4 and v * 2 == int(v * 2) for v in scores.values())


def test_two_raters_differ_about_as_much_as_two_people_do() -> None:
    rng = np.random.default_rng(0)
    away: list[list[float]] = []
    for seed in range(12):
        raters = draw_raters(seed, 2)
        for number in range(40):
            severities = rng.uniform(0, 4, 2)
            truth = TRUTH.model_copy(
                update={"contamination": severities[0], "overall": severities[1]}
            )
            one, two = rate_all(raters, truth, (seed, 0, number))
            away.append([abs(one[name] - two[name]) for name in JUDGED])
    cracking, contamination, overall = np.mean(away, axis=0)
    assert cracking < 0.06
    assert 0.1 < contamination < 0.35
    assert 0.08 < overall < 0.3


def test_a_rater_has_a_bias_of_his_own() -> None:
    biases = {rater.bias for rater in draw_raters(2, 4)}
    assert len(biases) == 4


def test_the_label_is_the_mean_of_the_raters_and_computed_scores_stay() -> None:
    ratings = rate_all(draw_raters(3, 2), TRUTH, (3, 1, 7))
    labels = mean_labels(TRUTH, ratings)
    assert labels.overall == np.mean([one["overall"] for one in ratings])
    assert (labels.brightness, labels.squareness) == (3.3, 2.2)
    assert mean_labels(TRUTH, []) == TRUTH
