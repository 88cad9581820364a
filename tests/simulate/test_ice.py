import numpy as np
import pytest

from simulate.ice import Ice, freeze
from simulate.mesh import open_square
from tests.simulate.test_mesh import UPRIGHT


def ice(fill: float, shelf: float = 0.0) -> Ice:
    return Ice(
        fill=fill,
        steepness=15.0,
        softness=1.0,
        blanket=0.02,
        tilt=(0.0, 0.0),
        ripple=0.0,
        lens=0.0,
        hiding=0.15,
        squareness=3.0,
        shelf=shelf,
        reach=0.5,
        mottle=0.2,
    )


def window_share(fill: float) -> float:
    opening = open_square(np.random.default_rng(0), UPRIGHT, 0.5)
    frozen = freeze(np.random.default_rng(0), ice(fill), opening)
    inside = opening.inside > 0.5
    return float(np.mean(frozen.depth[inside] < 0.9))


def test_the_window_shrinks_as_the_square_fills() -> None:
    shares = [window_share(fill) for fill in (0.0, 0.3, 0.6, 0.9, 1.4)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.85
    assert shares[-1] == 0


def test_thin_ice_leaves_holes_visible_and_thick_ice_hides_them() -> None:
    opening = open_square(np.random.default_rng(0), UPRIGHT, 0.5)
    middle = opening.inside.shape[0] // 2
    clear = [
        freeze(np.random.default_rng(0), ice(fill), opening).clearness[middle, middle]
        for fill in (0.0, 0.6)
    ]
    assert clear[0] > 0.9
    assert clear[1] < 0.1


def test_the_window_turns_round_as_it_shrinks() -> None:
    def roundness(fill: float) -> float:
        opening = open_square(np.random.default_rng(0), UPRIGHT, 0.5)
        lit = (freeze(np.random.default_rng(0), ice(fill), opening).depth < 0.9) & (
            opening.inside > 0.5
        )
        rows, columns = np.nonzero(lit)
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        return float(lit.sum() / box)

    assert roundness(0.1) > 0.93
    assert roundness(0.85) == pytest.approx(np.pi / 4, abs=0.05)


def test_a_shelf_dims_the_film_along_the_bars_and_fills_its_holes() -> None:
    opening = open_square(np.random.default_rng(0), UPRIGHT, 0.5)
    bare = freeze(np.random.default_rng(0), ice(0.0), opening)
    shelved = freeze(np.random.default_rng(0), ice(0.0, shelf=0.2), opening)
    gained = shelved.depth + shelved.spots - bare.depth
    rim = (opening.inside > 0.5) & (opening.distance_um > -2)
    middle = opening.distance_um < -15
    assert 0.1 < float(gained[rim].mean()) < 0.35
    assert float(gained[middle].mean()) < 0.01
    assert float(shelved.clearness[rim].mean()) < 0.3 * float(bare.clearness[middle].mean())
    assert float(shelved.clearness[middle].mean()) > 0.9 * float(bare.clearness[middle].mean())
