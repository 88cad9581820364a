"""The fast cut of a data set against ingest's own cut of the same square from a written tile."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocess import Crop, film_units
from simulate.crops import Jitter, cut_crop
from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, draw_look, make_specimen, write_session
from simulate.square import Square
from simulate.tile import window_stage_um
from simulate.view import Source, View
from simulate.window import find_window
from tests.simulate.sessions import read_all

PLAN = SessionPlan(
    replace(find_instrument(CameraKind.K3), width_px=1440, height_px=1440, columns=1, rows=1),
    seed=6,
)
RASTER_UM = 0.25

Image = NDArray[np.float32]


def test_a_square_cut_fast_looks_as_ingest_cuts_it_from_its_tile(tmp_path: Path) -> None:
    write_session(tmp_path / "out", PLAN)
    (atlas,) = [a for a in read_all(tmp_path / "out") if a.squares]
    assert atlas.levels is not None
    near = _squares()
    compared = 0
    for square in atlas.squares:
        if square.pixels is None or not square.record.complete:
            continue
        stage = (square.record.stage_x_um, square.record.stage_y_um)
        away = [np.hypot(x - stage[0], y - stage[1]) for x, y, _ in near]
        assert min(away) < 3.0
        cut = film_units(Crop(square.pixels, square.full_scale, atlas.levels.film))
        fast = _cut_fast(near[int(np.argmin(away))][2])
        alike, level = _compare(cut, fast)
        assert alike > 0.95
        assert 0.85 < level < 1.15
        compared += 1
    assert compared >= 2


def _squares() -> list[tuple[float, float, Square]]:
    """Stage position (um) and square of what lies near the middle of the grid."""
    specimen = make_specimen(PLAN, 0)
    found = []
    for column, row in specimen.mesh.squares():
        if np.hypot(*specimen.mesh.center_um(column, row)) > 170:
            continue
        square = specimen.square(column, row, RASTER_UM)
        window = find_window(square)
        if window is not None:
            found.append((*window_stage_um(specimen, PLAN.instrument, square, window), square))
    return found


def _cut_fast(square: Square) -> Image:
    optics, detector = draw_look(np.random.default_rng([PLAN.seed, 0, 9]))
    view = View(optics, detector, Source.FULL, 0.8, 1.0, 1.0)
    crop = cut_crop(np.random.default_rng(0), make_specimen(PLAN, 0), square, view, Jitter())
    assert crop is not None
    return film_units(Crop(crop.pixels, crop.full_scale, crop.film_level))


def _compare(one: Image, other: Image) -> tuple[float, float]:
    """Correlation in the best of eight positions, and the ratio of their brightest levels."""
    first, second = (cv2.GaussianBlur(image, (0, 0), 4) for image in (one, other))
    turned = [np.rot90(image, k) for image in (second, second[:, ::-1]) for k in range(4)]
    alike = max(float(np.corrcoef(first.ravel(), t.ravel())[0, 1]) for t in turned)
    return alike, float(np.percentile(first, 90) / np.percentile(second, 90))
