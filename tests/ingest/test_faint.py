from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.faint import measure_site
from ingest.mosaic import Mosaic
from ingest.patch import Patches
from ingest.window import Search, Window, measure_window
from ingest.work_tile import WorkTile
from tests.ingest import scenes

SEARCH = Search(scenes.PITCH_UM, 0.0, 10.0)
NOISE = 8.0


def bars(seed: int = 1, size: int = 400) -> NDArray[np.float32]:
    """A tile of 200 x 200 um around 0, 0 that shows nothing but bars."""
    noise = np.random.default_rng(seed).normal(scenes.BAR, NOISE, (size, size))
    return np.maximum(noise, 0).astype(np.float32)


def glow(x_um: float, y_um: float, height: float, sd_um: float = 6.0) -> NDArray[np.float32]:
    y, x = (np.mgrid[:400, :400] - 199.5) * 0.5
    return (height * np.exp(-((x - x_um) ** 2 + (y - y_um) ** 2) / (2 * sd_um**2))).astype(
        np.float32
    )


def look(pixels: NDArray[np.float32], site_um: tuple[float, float] = (0.0, 0.0)) -> Window | None:
    return measure_site(Patches(Mosaic({"tile": WorkTile(pixels, 0, 0)})), site_um, SEARCH)


def test_a_glow_below_the_noise_of_a_pixel_is_found_at_its_site() -> None:
    window = look(bars() + glow(4, -3, 0.8 * NOISE))

    assert window is not None
    assert np.hypot(window.x_um - 4, window.y_um + 3) < 4
    assert 10 < window.width_um < 40
    assert window.complete


def test_bars_alone_hold_nothing() -> None:
    found = [look(bars(seed)) for seed in range(40)]

    assert not any(found)


def test_a_sliver_beside_the_middle_of_its_site_is_found_where_it_is() -> None:
    pixels = bars()
    pixels[160:240, 250:270] += 3000.0  # 40 um high, 10 wide, its middle 29.9 um right of the site
    mosaic = Mosaic({"tile": WorkTile(pixels, 0, 0)})

    window = measure_site(Patches(mosaic), (0.0, 0.0), SEARCH)

    assert measure_window(Patches(mosaic), (0.0, 0.0), SEARCH) is None
    assert window is not None
    assert window.x_um == pytest.approx(30, abs=0.5)
    assert window.y_um == pytest.approx(0, abs=0.5)
    assert window.width_um == pytest.approx(10, abs=6)
    assert window.level == pytest.approx(3000 + scenes.BAR, rel=0.2)


def test_a_neighbour_that_reaches_into_the_cell_is_not_its_window() -> None:
    pixels = bars()
    pixels[160:240, 260:400] += 3000.0  # from 30 um right of the site, over the cell's edge at 42

    assert look(pixels) is None


def test_noise_at_the_edge_of_the_tiles_is_no_window() -> None:
    found = [look(bars(seed), (95.0, 0.0)) for seed in range(40)]

    assert not any(found)


def test_a_brighter_line_of_the_camera_is_no_window() -> None:
    pixels = bars()
    pixels[199:202] += NOISE

    assert look(pixels) is None


def test_a_brighter_glow_is_a_brighter_window_of_the_same_size() -> None:
    found = [look(bars() + glow(0, 0, height)) for height in (100.0, 1000.0, 10000.0)]

    sizes = [window.width_um for window in found if window is not None]
    levels = [window.level for window in found if window is not None]
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) < 4
    assert all(5 < b / a < 12 for a, b in pairwise(levels))
