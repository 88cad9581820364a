import numpy as np
import pytest

from ingest.atlas import AtlasTile, Survey, survey_atlas
from ingest.picture import PART, SEAM, SITE, WHOLE, NothingToDrawError, draw_survey
from ingest.place import TileOptics
from ingest.work_tile import WORK_PIXEL_UM
from tests.ingest import scenes

GRID = scenes.lattice(rotation_deg=-20.0, start_um=(4.0, 9.0))


@pytest.fixture(scope="module")
def survey() -> Survey:
    tiles = {}
    for index, site in enumerate([(0, 0), (0, 1), (1, 1), (1, 0)]):
        place = scenes.place(*site)
        optics = TileOptics(
            index, (place.x_um, place.y_um), -WORK_PIXEL_UM * np.eye(2), 0.5, *scenes.TILE_PX
        )
        tiles[str(index)] = AtlasTile(index, optics, scenes.tile_pixels(GRID, place))
    return survey_atlas(tiles, None)


def count(picture: np.ndarray, colour: tuple[int, ...]) -> int:
    return int((picture == np.array(colour, np.uint8)).all(axis=2).sum())


def test_tiles_seams_sites_and_squares_are_drawn_where_they_lie(survey: Survey) -> None:
    picture = draw_survey(survey, [""] * len(survey.squares))

    height, width, _ = picture.shape
    assert (width, height) == pytest.approx((975, 702), abs=12)  # 1.95 tiles of 250 x 180 um
    assert count(picture, SEAM) > 1000
    assert count(picture, SITE) > 100
    assert count(picture, WHOLE) > 1000
    assert count(picture, PART) > 100


def test_each_square_bears_its_label(survey: Survey) -> None:
    bare = draw_survey(survey, [""] * len(survey.squares))
    named = draw_survey(survey, [str(i) for i in range(len(survey.squares))])

    assert (bare != named).any(axis=2).sum() > 20 * len(survey.squares)


def test_without_a_tile_there_is_nothing_to_draw() -> None:
    with pytest.raises(NothingToDrawError, match="expected a placed tile, found none"):
        draw_survey(survey_atlas({}, None), [])
