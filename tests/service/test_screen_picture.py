"""The picture of `xcryonet screen` on a made-up atlas."""

from pathlib import Path

import cv2
import pytest

from ingest.memory import ScreenedAtlas, ScreenedCrop
from ingest.picture import NothingToDrawError
from service.screen_picture import path_for, write_picture
from service.screened import rank_squares, to_square
from tests.ingest.test_picture import survey  # noqa: F401 the same made-up atlas


@pytest.fixture
def atlas(survey) -> ScreenedAtlas:  # noqa: F811 the fixture
    squares = tuple(ScreenedCrop(found.record, None, 0.0) for found in survey.squares)
    return ScreenedAtlas("session", 2, 77, survey.film, squares, survey)


def test_a_picture_of_the_ranked_atlas_is_written(atlas: ScreenedAtlas, tmp_path: Path) -> None:
    squares = rank_squares([to_square(atlas, s, None, "none") for s in atlas.squares])

    write_picture(tmp_path / "new" / "atlas.png", atlas, squares)

    picture = cv2.imread(str(tmp_path / "new" / "atlas.png"))
    assert picture is not None
    assert picture.shape[1] > picture.shape[0] > 600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["atlas.png"]


def test_an_atlas_that_was_not_surveyed_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(NothingToDrawError, match="expected an atlas that was surveyed"):
        write_picture(tmp_path / "atlas.png", ScreenedAtlas(None, None, None, None, ()), [])


def test_several_atlases_have_a_picture_each(atlas: ScreenedAtlas) -> None:
    assert path_for(Path("out/a.png"), atlas, 1) == Path("out/a.png")
    assert path_for(Path("out/a.png"), atlas, 2) == Path("out/a-Sample2-Atlas_77.png")
