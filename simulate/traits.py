"""What is common to one grid: mesh and foil, how it was frozen, how dirty and torn it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulate.fields import GridField
from simulate.film import Foil, FoilKind
from simulate.mesh import Mesh, MeshKind

GRID_RADIUS_UM = 1500.0
EVERY_MESH = tuple(MeshKind)
_MESH_ODDS = {
    MeshKind.MESH_200: 0.27,
    MeshKind.MESH_300: 0.44,
    MeshKind.MESH_400: 0.17,
    MeshKind.HEX_200: 0.03,
    MeshKind.HEX_300: 0.06,
    MeshKind.HEX_400: 0.03,
}
_AMOUNTS = ("specks", "grime", "groups", "clumps", "flakes", "crystals", "covers")


@dataclass(frozen=True)
class IceTraits:
    """Ice over the grid: fill = mean + slope * position + patches + scatter of each square.

    `thickening` is the optical depth that the even part of a square's ice gains by a fill of 1;
    `shelf`, `reach` and `mottle` are of the ice that fills the holes along the bars.
    """

    fill: float
    slope_per_mm: tuple[float, float]
    patches: float
    scatter: float
    steepness: float
    softness: float
    thin: float
    thickening: float
    hiding: float
    squareness: float
    lenses: float
    shelf: float
    reach: float
    mottle: float


@dataclass(frozen=True)
class DirtTraits:
    """Typical expected counts per 1000 um2 of window, before the grid's dirt field.

    `pale` is the share of specks that only dim the film.
    """

    specks: float
    speck_um: float
    pale: float
    grime: float
    groups: float
    clumps: float
    flakes: float
    crystals: float
    frost: float
    frost_cover: float
    wrinkles: float
    covers: float


@dataclass(frozen=True)
class TearTraits:
    """Share of squares that are torn; `gentle` of these only a little."""

    share: float
    gentle: float


@dataclass(frozen=True)
class Fields:
    """How ice, dirt and tears change over the grid, so that neighbours are alike."""

    ice: GridField
    dirt: GridField
    frost: GridField
    tears: GridField


@dataclass(frozen=True)
class GridTraits:
    """Everything that squares of one grid share."""

    mesh: Mesh
    foil: Foil
    ice: IceTraits
    dirt: DirtTraits
    tears: TearTraits
    fields: Fields


def draw_traits(
    rng: np.random.Generator, mesh_kind: MeshKind, foil_kind: FoilKind, *, gold: bool
) -> GridTraits:
    """Draw one grid."""
    mesh = Mesh.draw(rng, mesh_kind)
    return GridTraits(
        mesh=mesh,
        foil=Foil.draw(rng, foil_kind, gold=gold),
        ice=_draw_ice(rng),
        dirt=_draw_dirt(rng),
        tears=TearTraits(
            share=float(rng.choice([0.02, 0.1, 0.25, 0.5])), gentle=float(rng.uniform(0.3, 0.8))
        ),
        fields=Fields(
            *(GridField.draw(rng, GRID_RADIUS_UM, float(rng.uniform(150, 700))) for _ in range(4))
        ),
    )


def make_ordinary(rng: np.random.Generator, traits: GridTraits) -> GridTraits:
    """The grid as most that are screened: data sets are drawn wider, for training."""
    cleaner = float(np.exp(rng.normal(-0.8, 0.4)))
    dirt = replace(
        traits.dirt,
        **{name: getattr(traits.dirt, name) * cleaner for name in _AMOUNTS},
        frost=traits.dirt.frost if rng.random() < 0.2 else 0.0,
    )
    tears = replace(traits.tears, share=traits.tears.share * float(rng.uniform(0.1, 0.5)))
    ice = replace(
        traits.ice,
        fill=traits.ice.fill + float(rng.uniform(0.15, 0.5)),
        patches=traits.ice.patches + 0.2,
    )
    return replace(traits, ice=ice, dirt=dirt, tears=tears)


def make_clean(rng: np.random.Generator, traits: GridTraits) -> GridTraits:
    """The grid as a careful hand makes it: windows with hardly a speck, as good ones have."""
    cleaner = float(np.exp(rng.normal(-3.5, 0.7)))
    dirt = replace(traits.dirt, **{name: getattr(traits.dirt, name) * cleaner for name in _AMOUNTS})
    ice = replace(traits.ice, mottle=traits.ice.mottle * cleaner)
    return replace(traits, ice=ice, dirt=replace(dirt, frost=0.0))


def make_dry(rng: np.random.Generator, traits: GridTraits) -> GridTraits:
    """The grid dried on continuous carbon, as for negative stain: sharp windows, no rim of ice."""
    ice = replace(
        traits.ice,
        fill=-0.1,
        slope_per_mm=(0.0, 0.0),
        patches=0.0,
        scatter=0.02,
        steepness=float(rng.uniform(0.5, 3)),
        thin=float(rng.exponential(0.01)),
        thickening=0.05,
        lenses=0.0,
        shelf=0.0,
    )
    dry = replace(traits, foil=Foil.draw(rng, FoilKind.CONTINUOUS, gold=False), ice=ice)
    return make_clean(rng, dry) if rng.random() < 0.5 else dry


def draw_kinds(
    rng: np.random.Generator, meshes: Sequence[MeshKind] = EVERY_MESH
) -> tuple[MeshKind, FoilKind, bool]:
    """Choose mesh, foil and metal by how often one meets them.

    Args:
        rng: Source of randomness.
        meshes: To choose from.
    """
    odds = np.array([_MESH_ODDS[kind] for kind in meshes])
    mesh = meshes[int(rng.choice(len(meshes), p=odds / odds.sum()))]
    foils = list(FoilKind)
    foil = foils[int(rng.choice(len(foils), p=[0.17, 0.12, 0.35, 0.1, 0.05, 0.06, 0.08, 0.07]))]
    gold = foil not in {FoilKind.LACEY, FoilKind.CONTINUOUS} and rng.random() < 0.2
    return mesh, foil, bool(gold)


def _draw_ice(rng: np.random.Generator) -> IceTraits:
    slope = rng.normal(0, 0.25, size=2)
    return IceTraits(
        fill=float(rng.uniform(-0.1, 0.5)),
        slope_per_mm=(float(slope[0]), float(slope[1])),
        patches=float(rng.uniform(0.05, 0.25)),
        scatter=float(rng.uniform(0.02, 0.08)),
        steepness=float(np.exp(rng.uniform(np.log(8), np.log(50)))),
        softness=float(rng.uniform(0.3, 0.8)),
        thin=float(rng.exponential(0.04)),
        thickening=float(np.exp(rng.uniform(np.log(0.05), np.log(1.2)))),
        hiding=float(rng.uniform(0.0, 0.3)),
        squareness=float(rng.uniform(2.6, 4.4)),
        lenses=float(rng.choice([0.01, 0.04, 0.15])),
        shelf=float(np.exp(rng.uniform(np.log(0.04), np.log(0.4)))) if rng.random() < 0.6 else 0.0,
        reach=float(rng.uniform(0.15, 0.85)),
        mottle=float(rng.uniform(0.0, 0.9)),
    )


def _draw_dirt(rng: np.random.Generator) -> DirtTraits:
    def rate(median: float, spread: float) -> float:
        return median * float(np.exp(rng.normal(0, spread)))

    def frost() -> float:
        return float(rng.choice([rng.uniform(0.15, 1.2), rng.uniform(0.05, 0.3)]))

    return DirtTraits(
        specks=rate(2.0, 1.1),
        speck_um=float(np.clip(rate(0.5, 0.35), 0.22, 1.2)),
        pale=float(rng.choice([0.1, 0.35, 0.85], p=[0.5, 0.25, 0.25])),
        grime=rate(0.4, 1.2),
        groups=rate(0.1, 0.9),
        clumps=rate(0.5, 0.9),
        flakes=rate(0.07, 0.9),
        crystals=rate(0.35, 1.3),
        frost=frost() if rng.random() < 0.36 else 0.0,
        frost_cover=float(rng.normal(-0.4, 0.4)),
        wrinkles=float(rng.choice([0.0, 0.02, 0.1])),
        covers=float(rng.choice([0.01, 0.03, 0.1])),
    )
