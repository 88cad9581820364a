"""Windows of simulated grids that are spoiled in known ways: squares empty, drowned, or dark.

Each square is rendered alone, whole, without film and drowned, and measured as ingest does; every
atlas of a grid is a choice among these.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ingest.mesh import upright_deg
from ingest.mosaic import build_mosaic
from ingest.patch import Patches
from ingest.place import Placed
from ingest.window import Search, Window, measure_window
from ingest.work_tile import WORK_PIXEL_UM
from simulate.camera import Optics, illuminate
from simulate.crops import film_transmission
from simulate.film import FoilKind
from simulate.instrument import CameraKind, find_instrument, spiral
from simulate.mesh import MeshKind
from simulate.session import draw_look
from simulate.specimen import Specimen, lay_square
from simulate.square import Square, SquareRecipe, render_square
from simulate.tears import TearKind
from simulate.tile import BEAM_FALL
from simulate.traits import draw_traits, make_ordinary

INSTRUMENT = find_instrument(CameraKind.K3_HALF)
DARK = 0.02
"""Of its light, what a dark tile has left."""

COUNTS = 32.0
MIN_LIGHT = 0.01
MOST_EMPTY, MOST_DROWNED = 0.9, 0.6


@dataclass(frozen=True)
class Kind:
    """What a grid is made of."""

    mesh: MeshKind
    foil: FoilKind
    gold: bool = False


KINDS = (
    Kind(MeshKind.MESH_300, FoilKind.R12_13),
    Kind(MeshKind.MESH_300, FoilKind.R2_1, gold=True),
    Kind(MeshKind.MESH_300, FoilKind.LACEY),
    Kind(MeshKind.MESH_300, FoilKind.CONTINUOUS),
    Kind(MeshKind.MESH_200, FoilKind.R2_2),
    Kind(MeshKind.MESH_200, FoilKind.R12_13, gold=True),
    Kind(MeshKind.MESH_400, FoilKind.R06_1),
    Kind(MeshKind.MESH_300, FoilKind.HEX_12_13, gold=True),
    Kind(MeshKind.MESH_400, FoilKind.LACEY),
    Kind(MeshKind.MESH_200, FoilKind.R35_1),
)


class State(StrEnum):
    """What has become of a square."""

    WHOLE = "whole"
    EMPTY = "empty"
    DROWNED = "drowned"


@dataclass(frozen=True)
class Damage:
    """Share of squares without film, share of the grid's left that drowned, and a dark tile."""

    empty: float = 0.0
    drowned: float = 0.0
    dark: bool = False


@dataclass(frozen=True)
class Site:
    """A square: the tile that shows it, where in it (-1 to 1), where on the grid, and its luck."""

    square: tuple[int, int]
    tile: int
    at: tuple[float, float]
    rank: float
    luck: float


@dataclass(frozen=True)
class MadeGrid:
    """A grid's windows in every state, and the truth: grey values of intact film and of vacuum."""

    film: float
    vacuum: float
    sites: tuple[Site, ...]
    windows: dict[State, tuple[Window | None, ...]]

    def seen(self, damage: Damage, tiles: int) -> list[Window]:
        """What the first tiles of an atlas show of the grid so spoiled."""
        found = []
        for number, site in enumerate(self.sites):
            window = self.windows[_state(site, damage)][number]
            if window is not None and site.tile < tiles:
                dark = damage.dark and site.tile == 1
                found.append(_dimmed(window) if dark else window)
        return found

    def shows_film(self, damage: Damage, tiles: int) -> bool:
        """Whether the first tiles show a square with film that has not drowned."""
        return any(s.tile < tiles and _state(s, damage) is State.WHOLE for s in self.sites)


def _state(site: Site, damage: Damage) -> State:
    if site.luck < damage.empty:
        return State.EMPTY
    return State.DROWNED if site.rank < damage.drowned else State.WHOLE


def make_grid(kind: Kind, seed: int) -> MadeGrid:
    """Draw a grid and measure every window that nine tiles would show, in every state."""
    rng = np.random.default_rng([seed, 0, 7])
    specimen = Specimen(
        make_ordinary(rng, draw_traits(rng, kind.mesh, kind.foil, gold=kind.gold)), (seed, 0, 8)
    )
    optics, _ = draw_look(np.random.default_rng([seed, 0, 9]))
    vacuum = optics.electrons * COUNTS
    sites = tuple(_sites(specimen, np.random.default_rng([seed, 0, 10])))

    def measure(state: State, site: Site) -> Window | None:
        column, row = site.square
        shot = _Shot(specimen, optics, state, site, (seed, column + 1000, row + 1000))
        return _measure(shot) if _is_asked(state, site) else None

    windows = {state: tuple(measure(state, site) for site in sites) for state in State}
    return MadeGrid(film_transmission(specimen) * vacuum, vacuum, sites, windows)


def _is_asked(state: State, site: Site) -> bool:
    """Whether any atlas shows the square in that state."""
    if state is State.EMPTY:
        return site.luck < MOST_EMPTY
    return state is State.WHOLE or site.rank < MOST_DROWNED


def _sites(specimen: Specimen, rng: np.random.Generator) -> Iterator[Site]:
    """The squares whose centres three by three tiles show, in the grid's middle."""
    places = spiral(3, 3)
    wide, high = (step * INSTRUMENT.pixel_um for step in INSTRUMENT.step_px)
    for square in specimen.mesh.squares():
        x, y = np.divide(specimen.mesh.center_um(*square), (wide, high))
        column, row = round(float(x)), round(float(y))
        if (column, row) in places:
            at = (2 * float(x - column), 2 * float(y - row))
            yield Site(square, places.index((column, row)), at, float(x + 1.5) / 3, rng.random())


@dataclass(frozen=True)
class _Shot:
    """A square in one state, as the tile that shows it is taken."""

    specimen: Specimen
    optics: Optics
    state: State
    site: Site
    seed: tuple[int, int, int]

    def render(self) -> Square:
        traits, recipe = self.specimen.traits, self.specimen.recipe(*self.site.square)
        rng = np.random.default_rng([*self.seed, 1])
        recipe = _spoiled(recipe, self.state)
        return render_square(rng, traits.mesh, traits.foil, recipe, WORK_PIXEL_UM)


def _spoiled(whole: SquareRecipe, state: State) -> SquareRecipe:
    if state is State.EMPTY:
        ice = replace(whole.ice, fill=min(whole.ice.fill, 0.05), lens=0.0)
        return replace(whole, tear=TearKind.GONE, second_tear=TearKind.NONE, ice=ice)
    if state is State.DROWNED:
        ice = replace(whole.ice, fill=whole.ice.fill + 0.6, blanket=whole.ice.blanket + 1.0)
        return replace(whole, tear=TearKind.NONE, second_tear=TearKind.NONE, ice=ice)
    return whole


def _measure(shot: _Shot) -> Window | None:
    """Take a picture of one cell of the mesh between bars, and measure its window."""
    x, y = shot.site.at
    beam = (1 - BEAM_FALL / 2 * x * x) * (1 - BEAM_FALL / 2 * y * y)
    optics = replace(shot.optics, electrons=shot.optics.electrons * beam)
    electrons = illuminate(_turned(shot), optics, WORK_PIXEL_UM)
    rng = np.random.default_rng([*shot.seed, 2])
    noise = rng.standard_normal(electrons.shape, np.float32)
    noise *= np.sqrt(electrons) * np.float32(INSTRUMENT.pixel_um / WORK_PIXEL_UM)
    counts = np.maximum((electrons + noise) * np.float32(COUNTS), 0)
    mosaic = build_mosaic({"cell": counts}, {"cell": Placed(0, 0, 0.0, 0.0)})
    least = MIN_LIGHT * shot.optics.electrons * COUNTS
    mesh = shot.specimen.mesh
    search = Search(round(mesh.pitch_um), upright_deg(round(mesh.rotation_deg)), least)
    return measure_window(Patches(mosaic), (0.0, 0.0), search)


def _turned(shot: _Shot) -> NDArray[np.float32]:
    """A square's transmission as it lies in the image, bars around it."""
    square, turn = shot.render(), np.radians(shot.specimen.mesh.rotation_deg)
    size = round(1.5 * len(square.transmission))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.full(2, (len(square.transmission) - 1) / 2)
    to_image = np.column_stack([turned, (size - 1) / 2 - turned @ middle])
    image = np.zeros((size, size), np.float32)
    lay_square(image, square, to_image)
    return image


def _dimmed(window: Window) -> Window:
    levels = np.asarray(window.film_levels * np.float32(DARK), np.float32)
    return replace(window, level=window.level * DARK, film_levels=levels)
