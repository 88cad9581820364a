"""The film level of grids of which many squares have no film, against the same grids with all."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.atlas import AtlasTile, survey_atlas
from ingest.film import FilmLevels
from ingest.place import TileOptics
from ingest.work_tile import reduce_tile
from simulate.film import FoilKind
from simulate.instrument import CameraKind, find_instrument, spiral
from simulate.mesh import MeshKind
from simulate.session import SessionPlan, draw_look, make_specimen
from simulate.specimen import Specimen
from simulate.square import SquareRecipe
from simulate.stage import TileView, commanded_stage
from simulate.tears import TearKind
from simulate.tile import take_tile
from simulate.traits import GridTraits

SEED = 300


class Stripped(Specimen):
    """A grid of which a share of the squares, drawn at random, has lost its film."""

    def __init__(self, traits: GridTraits, share: float) -> None:
        super().__init__(traits, (SEED, 0, 8))
        self._share = share

    def recipe(self, column: int, row: int) -> SquareRecipe:
        whole = super().recipe(column, row)
        if np.random.default_rng([SEED, column + 99, row + 99]).random() >= self._share:
            return whole
        ice = replace(whole.ice, fill=min(whole.ice.fill, 0.05), lens=0.0)
        return replace(whole, tear=TearKind.GONE, second_tear=TearKind.NONE, ice=ice)


def film_of(foil: FoilKind, share: float) -> FilmLevels:
    instrument = replace(find_instrument(CameraKind.K3_HALF), columns=2, rows=2)
    made = make_specimen(SessionPlan(instrument, MeshKind.MESH_300, foil, seed=SEED), 0)
    ice = replace(made.traits.ice, fill=0.2, patches=0.15, thickening=0.12)  # film shows somewhere
    specimen = Stripped(replace(made.traits, ice=ice), share)
    look = draw_look(np.random.default_rng([SEED, 0, 9]))
    tiles = {}
    for index, site in enumerate(spiral(2, 2)):
        view = TileView(index, *site, commanded_stage(instrument, *site))
        taken = take_tile(np.random.default_rng(index), specimen, instrument, view, look)
        optics = TileOptics(
            index,
            view.stage_um,
            instrument.image_to_stage_um,
            instrument.pixel_um,
            instrument.width_px,
            instrument.height_px,
        )
        tiles[f"tile {index}"] = AtlasTile(index, optics, reduce_tile(taken.counts, optics))
    film = survey_atlas(tiles, None).film
    assert film is not None
    return film


@pytest.mark.parametrize("foil", [FoilKind.R12_13, FoilKind.CONTINUOUS])
def test_a_majority_of_empty_squares_leaves_the_film_level_within_5_percent(
    foil: FoilKind,
) -> None:
    whole, stripped = film_of(foil, 0.0), film_of(foil, 0.65)

    assert stripped.film == pytest.approx(whole.film, rel=0.05)
    assert stripped.vacuum is not None
    assert stripped.vacuum > 1.05 * stripped.film
