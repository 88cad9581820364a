"""Bending a crop: pixels and masks stay together, levels stay within what was asked."""

from dataclasses import replace

import numpy as np
import pytest

from model.augment import add_lines, add_noise, bend_grey, draw_placement, find_flat
from model.config import AugmentConfig
from tests.model.samples import window

STILL = AugmentConfig(
    film_level=0, gamma=0, offset=0, gradient=0, blur_px=0, noise=0, turn_deg=0, zoom=0,
    shift_px=0, edge=0, lines=0,
)  # fmt: skip
NOWHERE = np.zeros((64, 64), np.bool_)


def test_masks_follow_their_pixels_at_any_scale() -> None:
    rng = np.random.default_rng(0)
    large = np.zeros((64, 64), np.uint8)
    large[8:24, 40:56] = 255
    small = large[::4, ::4].copy()
    for _ in range(10):
        placement = draw_placement(AugmentConfig(shift_px=4.0), 64, rng)
        seen = placement.apply(large).astype(float)
        reduced = seen.reshape(16, 4, 16, 4).mean((1, 3))
        agreement = np.corrcoef(reduced.ravel(), placement.apply(small).astype(float).ravel())
        assert agreement[0, 1] > 0.9


def test_without_strength_quarter_turns_and_mirrors_alone_remain() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    turned = [np.rot90(image, k) for k in range(4)]
    either = [*turned, *(t[:, ::-1] for t in turned)]
    rng = np.random.default_rng(1)
    for _ in range(20):
        placed = draw_placement(STILL, 8, rng).apply(image)
        assert any(np.abs(placed.astype(int) - e).max() <= 1 for e in either)


def test_without_strength_grey_values_stay() -> None:
    film = window()
    rng = np.random.default_rng(2)
    bent = add_lines(bend_grey(film, STILL, rng), STILL, rng)
    np.testing.assert_allclose(add_noise(bent, NOWHERE, STILL, rng), film, rtol=1e-5)


def test_the_film_level_moves_no_further_than_asked() -> None:
    config = STILL.model_copy(update={"film_level": 0.2})
    rng = np.random.default_rng(3)
    levels = [bend_grey(window(1.0), config, rng)[32, 32] for _ in range(200)]
    assert 0.8 <= min(levels) < 0.85
    assert 1.15 < max(levels) <= 1.2


def test_beyond_the_tiles_rim_is_nothing_and_so_is_what_a_mask_says_of_it() -> None:
    config = STILL.model_copy(update={"edge": 1.0})
    placements = [draw_placement(config, 64, np.random.default_rng(seed)) for seed in range(60)]
    assert {len(placement.rims) for placement in placements} == {1, 2}
    gone = []
    for placement in placements:
        film, mask = np.ones((64, 64), np.float32), np.full((16, 16, 2), 255, np.uint8)
        placement.cut(film)
        placement.cut(mask)
        gone.append(float((film == 0).mean()))
        assert (mask == 0).mean() == pytest.approx(gone[-1], abs=0.06)
        assert gone[-1] <= 0.77
    assert max(gone) > 0.4
    assert min(gone) < 0.02


def test_a_rim_may_run_at_any_angle() -> None:
    film = np.ones((64, 64), np.float32)
    replace(draw_placement(STILL, 64, np.random.default_rng(0)), rims=((np.pi / 4, 0.0),)).cut(film)
    assert film[10, 10] == 1
    assert film[40, 40] == 0
    assert film[5, 50] == 1
    assert film[16, 60] == 0


def test_stray_light_lifts_everything_and_most_crops_little() -> None:
    config = STILL.model_copy(update={"offset": 0.12})
    rng = np.random.default_rng(4)
    lifts = [bend_grey(window(), config, rng) - window() for _ in range(200)]
    assert all(np.ptp(lift) < 1e-6 for lift in lifts)
    strays = [float(lift[0, 0]) for lift in lifts]
    assert min(strays) >= 0
    assert 0.1 < max(strays) <= 0.12
    assert np.median(strays) < 0.03


def test_lines_of_the_camera_cross_the_whole_crop() -> None:
    config = STILL.model_copy(update={"lines": 1.0})
    for seed in range(20):
        gain = add_lines(window(), config, np.random.default_rng(seed)) / window()
        along = [np.ptp(gain, axis=axis).max() for axis in (0, 1)]
        rows, columns = ((gain != 1.0).all(axis) for axis in (1, 0))
        assert 1 <= rows.sum() + columns.sum() <= 4
        assert max(along) > 0  # and what is not on a line stays as it was
        assert (gain[~rows][:, ~columns] == 1.0).all()


def test_a_clipped_preview_stays_flat_under_noise() -> None:
    rng = np.random.default_rng(6)
    pixels = (200 * window()).astype(np.uint16)
    pixels[:, 32:] += rng.integers(0, 3, (64, 32), dtype=np.uint16)
    flat = find_flat(pixels)
    config = STILL.model_copy(update={"noise": 0.5, "noisy": 1.0})
    noisy = add_noise(window(), flat, config, rng)
    assert flat[20:44, 20:30].all()
    assert (noisy[20:44, 20:30] == 1.0).all()
    assert noisy[20:44, 34:44].std() > 0.01
