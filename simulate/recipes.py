"""Draw what one square of a grid is made of, from the grid's traits and where the square lies."""

from dataclasses import replace

import numpy as np

from simulate.contamination import Dirt
from simulate.ice import Ice
from simulate.square import SquareRecipe
from simulate.tears import TearKind
from simulate.traits import DirtTraits, GridTraits

_SEVERE = (TearKind.HOLE, TearKind.RIPPED, TearKind.GONE)
_GENTLE = (TearKind.HAIRLINE, TearKind.FLAP, TearKind.LEAF, TearKind.SLIT)
_WILD_GENTLE = 0.3

_HELD = 0.65
"""How often thick ice keeps a film from tearing wide open."""


def draw_recipe(
    rng: np.random.Generator, traits: GridTraits, column: int, row: int, *, wildness: float = 0.0
) -> SquareRecipe:
    """Draw one square.

    Args:
        rng: Source of randomness of this square alone.
        traits: The grid.
        column: Lattice position.
        row: Lattice position.
        wildness: Probability that ice, dirt or tears come from anywhere in their range instead of
            the grid's own habit: more kinds of square per grid, for training.
    """
    x, y = traits.mesh.center_um(column, row)
    fill = _draw_fill(rng, traits, x, y)
    dirt_rate = float(np.exp(0.8 * traits.fields.dirt.at(x, y) + rng.normal(0, 0.5)))
    if rng.random() < wildness:
        fill = float(rng.uniform(-0.1, 1.05))
    if rng.random() < wildness:
        dirt_rate *= float(np.exp(rng.normal(0, 1.2)))
    tear = _draw_tear(rng, traits, x, y, wildness=wildness)
    ice = _draw_ice(rng, traits, fill)
    if tear in _SEVERE and fill > 0.45 and rng.random() < _HELD:
        tear = TearKind.NONE
    if tear is TearKind.GONE:
        ice = replace(ice, fill=min(fill, 0.05), lens=0.0)
    return SquareRecipe(
        column=column,
        row=row,
        ice=ice,
        dirt=_draw_dirt(rng, traits, dirt_rate, traits.fields.frost.at(x, y)),
        tear=tear,
        second_tear=_GENTLE[int(rng.integers(len(_GENTLE)))]
        if tear in _SEVERE and rng.random() < 0.4
        else TearKind.NONE,
    )


def _draw_fill(rng: np.random.Generator, traits: GridTraits, x_um: float, y_um: float) -> float:
    ice = traits.ice
    slope = (ice.slope_per_mm[0] * x_um + ice.slope_per_mm[1] * y_um) / 1000
    return (
        ice.fill
        + slope
        + ice.patches * traits.fields.ice.at(x_um, y_um)
        + float(rng.normal(0, ice.scatter))
    )


def _draw_ice(rng: np.random.Generator, traits: GridTraits, fill: float) -> Ice:
    even = traits.ice.thin + traits.ice.thickening * max(fill, 0) ** 2
    if rng.random() < 0.08:
        even += float(rng.exponential(0.25) if rng.random() < 0.7 else rng.uniform(0.8, 3.5))
    tilt = rng.normal(0, 0.04 + 0.08 * abs(fill), size=2)
    return Ice(
        fill=max(fill, float(rng.uniform(-0.12, 0.08))),
        steepness=traits.ice.steepness * float(np.exp(rng.normal(0, 0.3))),
        softness=traits.ice.softness,
        blanket=float(even * np.exp(rng.normal(0, 0.3))),
        tilt=(float(tilt[0]), float(tilt[1])),
        ripple=float(rng.exponential(0.1) if rng.random() < 0.12 else rng.exponential(0.025)),
        lens=float(rng.uniform(0.05, 0.6)) if rng.random() < traits.ice.lenses else 0.0,
        hiding=traits.ice.hiding,
        squareness=traits.ice.squareness,
        shelf=traits.ice.shelf * float(np.exp(rng.normal(0, 0.3))),
        reach=traits.ice.reach + 0.4 * fill + float(rng.normal(0, 0.12)),
        mottle=traits.ice.mottle,
    )


def _draw_dirt(
    rng: np.random.Generator, traits: GridTraits, rate: float, frost_field: float
) -> Dirt:
    dirt: DirtTraits = traits.dirt
    area = traits.mesh.window_um**2 / 1000
    side = traits.mesh.window_um / 50
    frosty = dirt.frost > 0 and frost_field > -0.3
    return Dirt(
        specks=dirt.specks * rate * area,
        speck_um=dirt.speck_um,
        pale=dirt.pale,
        grime=dirt.grime * rate * area,
        groups=dirt.groups * rate * area,
        clumps=dirt.clumps * min(rate, 4.0) * side,
        flakes=dirt.flakes * min(rate, 4.0) * area,
        crystals=dirt.crystals * rate * area,
        frost=dirt.frost * float(np.exp(rng.normal(0, 0.3))) if frosty else 0.0,
        frost_cover=dirt.frost_cover + 0.5 * frost_field,
        wrinkles=float(rng.uniform(0.08, 0.6)) if rng.random() < dirt.wrinkles else 0.0,
        cover=float(rng.uniform(0.03, 0.8)) if rng.random() < dirt.covers else 0.0,
    )


def _draw_tear(
    rng: np.random.Generator, traits: GridTraits, x_um: float, y_um: float, *, wildness: float
) -> TearKind:
    """Tears come in regions: the field moves the odds up and down."""
    odds = traits.tears.share * float(np.exp(1.1 * traits.fields.tears.at(x_um, y_um) - 0.4))
    wild = rng.random() < 0.7 * wildness
    if not wild and rng.random() >= odds:
        return TearKind.NONE
    if rng.random() < (_WILD_GENTLE if wild else traits.tears.gentle):
        return _GENTLE[int(rng.integers(len(_GENTLE)))]
    return _SEVERE[int(rng.choice(3, p=[0.45, 0.3, 0.25]))]
