import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.crops import (
    CropPlan,
    TileImage,
    TilePart,
    cut_crop,
    decode_grey,
    encode_display,
    encode_grey,
    encode_png,
    encode_thumbnail,
)
from tests.ingest import scenes

SCALE = 32768.0
SIZE = 640
CROP_UM = 0.16


def image(pixels: NDArray[np.generic], pixel_um: float = CROP_UM) -> TileImage:
    return TileImage(pixels, pixel_um)


def crop(
    tile: TileImage, x_um: float = 0.0, y_um: float = 0.0, turn: float = 0.0
) -> NDArray[np.uint8]:
    return cut_crop(CropPlan((TilePart("tile", x_um, y_um),), turn, SCALE), lambda _: tile)


def speckled(width: int = SIZE, height: int = SIZE) -> NDArray[np.uint16]:
    return np.random.default_rng(5).integers(0, 30000, (height, width), dtype=np.uint16)


def test_a_tile_of_the_crops_own_size_and_scale_is_the_crop() -> None:
    pixels = speckled()

    assert np.array_equal(crop(image(pixels)), encode_grey(pixels, SCALE))


def test_a_crop_is_cut_around_the_squares_centre() -> None:
    pixels = speckled(SIZE + 200, SIZE + 100)

    cut = crop(image(pixels), x_um=30 * CROP_UM, y_um=-20 * CROP_UM)

    assert np.array_equal(cut, encode_grey(pixels[30 : 30 + SIZE, 130 : 130 + SIZE], SCALE))


def test_a_square_turned_by_90_degrees_is_turned_back() -> None:
    pixels = speckled()

    assert np.array_equal(crop(image(pixels), turn=90.0), np.rot90(encode_grey(pixels, SCALE)))


@pytest.mark.parametrize("pixel_um", [0.05, 0.1396, 0.25])
@pytest.mark.parametrize("rotation_deg", [-34.0, 0.0, 20.0])
def test_a_turned_square_stands_upright_and_central_at_160_nm(
    pixel_um: float, rotation_deg: float
) -> None:
    square = scenes.Square(12.0, -9.0, side_um=48.0, rotation_deg=rotation_deg)
    size = round(180 / pixel_um)
    left = -(size - 1) / 2 * pixel_um
    tile = image(scenes.paint([square], left, left, (size, size), pixel_um), pixel_um)

    bright = crop(tile, 12.0, -9.0, rotation_deg) > 60

    rows, columns = np.nonzero(bright.any(axis=1))[0], np.nonzero(bright.any(axis=0))[0]
    assert len(rows) == pytest.approx(48 / 0.16, abs=4)
    assert len(columns) == pytest.approx(48 / 0.16, abs=4)
    assert rows.mean() == pytest.approx(319.5, abs=1)
    assert columns.mean() == pytest.approx(319.5, abs=1)
    filled = bright[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert filled.mean() > 0.97


def test_a_square_across_two_tiles_is_seamless() -> None:
    square = scenes.Square(0.0, 0.0, side_um=50.0, rotation_deg=10.0)
    left = scenes.paint([square], -60.0, -60.0, (751, 420), CROP_UM)  # to x = 7 um
    right = scenes.paint([square], 0.0, -60.0, (751, 420), CROP_UM)
    middle = {"left": (-60 + 419 * 0.08, -60 + 750 * 0.08), "right": (419 * 0.08, -60 + 750 * 0.08)}
    tiles = {"left": image(left), "right": image(right)}
    plan = CropPlan(tuple(TilePart(name, -x, -y) for name, (x, y) in middle.items()), 10.0, SCALE)
    alone = scenes.paint([square], -60.0, -60.0, (751, 751), CROP_UM)

    joined = cut_crop(plan, tiles.__getitem__).astype(int)
    whole = crop(image(alone), 0.0, 0.0, 10.0).astype(int)

    inner = (slice(100, 540), slice(100, 540))
    assert np.abs(joined - whole)[inner].max() <= 2


def test_outside_the_tiles_a_crop_is_0() -> None:
    pixels = np.full((SIZE, SIZE), 9000, np.uint16)

    cut = crop(image(pixels), x_um=-100 * CROP_UM)

    assert (cut[:, :100] == 0).all()
    assert (cut[:, 100:] > 0).all()


def test_a_crop_far_from_its_tile_is_all_0() -> None:
    assert not crop(image(speckled()), x_um=5000.0).any()


def test_broken_pixels_are_dark() -> None:
    pixels = np.full((SIZE, SIZE), 9000, np.float32)
    pixels[300:310, 300:310] = np.nan

    cut = crop(image(pixels))

    assert (cut[302:308, 302:308] == 0).all()
    assert cut[200, 200] == encode_grey(pixels[:1, :1], SCALE)[0, 0]


def test_equal_plans_over_equal_tiles_give_equal_bytes() -> None:
    plans = [CropPlan((TilePart("tile", 3.5, -2.0),), -26.0, SCALE) for _ in range(2)]
    tile = image(speckled(900, 900), 0.1396)

    shas = [hashlib.sha256(encode_png(cut_crop(p, lambda _: tile))).hexdigest() for p in plans]

    assert plans[0] == plans[1]
    assert len({*plans}) == 1
    assert shas[0] == shas[1]


@settings(deadline=None)
@given(share=st.floats(0, 1))
def test_coding_is_off_by_at_most_half_a_step(share: float) -> None:
    grey = np.array([[share * SCALE]], np.float32)

    coded = encode_grey(grey, SCALE)
    back = encode_grey(decode_grey(coded, SCALE), SCALE)

    assert abs(float(coded[0, 0]) - 255 * np.sqrt(share)) <= 0.501
    assert back == coded


def test_all_256_codes_survive_coding() -> None:
    codes = np.arange(256, dtype=np.uint8)

    assert np.array_equal(encode_grey(decode_grey(codes, SCALE), SCALE), codes)


def test_grey_values_beyond_the_scale_are_its_ends() -> None:
    assert encode_grey(np.array([-5.0, 0.0, SCALE, 9 * SCALE]), SCALE).tolist() == [0, 0, 255, 255]


def test_a_png_keeps_every_pixel() -> None:
    pixels = encode_grey(speckled(), SCALE)

    back = cv2.imdecode(np.frombuffer(encode_png(pixels), np.uint8), cv2.IMREAD_UNCHANGED)

    assert np.array_equal(back, pixels)


def test_a_thumbnail_is_160_pixels_wide() -> None:
    jpeg = encode_thumbnail(encode_grey(speckled(), SCALE))

    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED).shape == (160, 160)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int16])
def test_display_images_halve_down_to_the_smallest(dtype: type[np.generic]) -> None:
    pixels = np.full((820, 1600), 8192, dtype)

    levels = encode_display(pixels, SCALE)

    decoded = [cv2.imdecode(np.frombuffer(b, np.uint8), cv2.IMREAD_UNCHANGED) for b in levels]
    assert [d.shape for d in decoded] == [(820, 1600), (410, 800), (205, 400), (102, 200)]
    assert all(abs(float(d.mean()) - 127.5) < 1 for d in decoded)
