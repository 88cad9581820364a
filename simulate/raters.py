"""Raters: people who score squares by eye, each with a bias and a scatter, in half points."""

from dataclasses import dataclass

import numpy as np

from model.dataset import Labels

JUDGED = ("cracking", "contamination", "overall")
"""What raters judge; brightness and squareness are computed."""

_BIAS = (0.03, 0.12, 0.10)
_SCATTER = (0.08, 0.18, 0.14)
"""Spread of the raters' biases and typical scatter of one, chosen so that two of them differ as
the two raters of public squares do: by 0.05, 0.20 and 0.14 on average.
"""

_STREAM = 7919


@dataclass(frozen=True)
class Rater:
    """One person: added to every score, and the spread from square to square; order of JUDGED."""

    bias: tuple[float, ...]
    scatter: tuple[float, ...]

    def rate(self, rng: np.random.Generator, truth: Labels) -> dict[str, float]:
        """Score one square; what has no defect at all is hardly ever seen with one."""
        scores = {}
        for name, bias, scatter in zip(JUDGED, self.bias, self.scatter, strict=True):
            value = float(getattr(truth, name))
            doubt = min(1.0, 0.2 + value)
            seen = value + doubt * (bias + float(rng.normal(0, scatter)))
            scores[name] = float(np.clip(np.rint(2 * seen) / 2, 0, 4))
        return scores


def draw_raters(seed: int, count: int) -> tuple[Rater, ...]:
    """The raters of one data set."""
    rng = np.random.default_rng([seed, _STREAM])
    return tuple(
        Rater(
            bias=tuple(float(rng.normal(0, spread)) for spread in _BIAS),
            scatter=tuple(spread * float(np.exp(rng.normal(0, 0.25))) for spread in _SCATTER),
        )
        for _ in range(count)
    )


def rate_all(
    raters: tuple[Rater, ...], truth: Labels, place: tuple[int, int, int]
) -> list[dict[str, float]]:
    """Each rater's scores of one square; `place` is seed, grid and number, which fix the chance."""
    rng = np.random.default_rng([*place, _STREAM])
    return [rater.rate(rng, truth) for rater in raters]


def mean_labels(truth: Labels, ratings: list[dict[str, float]]) -> Labels:
    """The raters' mean in place of the truth where raters judge; the truth where there are none."""
    if not ratings:
        return truth
    means = {name: float(np.mean([one[name] for one in ratings])) for name in JUDGED}
    return truth.model_copy(update=means)
