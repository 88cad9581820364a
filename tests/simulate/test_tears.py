import numpy as np
import pytest

from simulate.mesh import open_square
from simulate.tears import TearKind, tear_film
from tests.simulate.test_mesh import UPRIGHT


def missing_share(kind: TearKind, seed: int) -> float:
    opening = open_square(np.random.default_rng(0), UPRIGHT, 0.5)
    tear = tear_film(np.random.default_rng(seed), kind, opening)
    return float(tear.missing[opening.inside > 0.5].mean())


def test_whole_film_misses_nothing() -> None:
    assert missing_share(TearKind.NONE, 0) == 0


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        (TearKind.HAIRLINE, 0.0002, 0.05),
        (TearKind.FLAP, 0.0005, 0.12),
        (TearKind.LEAF, 0.0005, 0.08),
        (TearKind.SLIT, 0.0005, 0.08),
        (TearKind.HOLE, 0.005, 0.25),
        (TearKind.RIPPED, 0.1, 0.8),
        (TearKind.GONE, 0.5, 1.0),
    ],
)
def test_each_kind_of_tear_costs_as_much_film_as_its_name_says(
    kind: TearKind, low: float, high: float
) -> None:
    shares = [missing_share(kind, seed) for seed in range(24)]
    assert low < float(np.median(shares)) < high


def test_folds_lie_beside_holes_not_in_whole_film() -> None:
    opening = open_square(np.random.default_rng(0), UPRIGHT, 0.5)
    layers = [
        tear_film(np.random.default_rng(s), TearKind.HOLE, opening).layers.max() for s in range(20)
    ]
    assert max(layers) >= 0.7
    assert tear_film(np.random.default_rng(0), TearKind.NONE, opening).layers.max() == 0
