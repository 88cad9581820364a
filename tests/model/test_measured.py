"""Measures of a crop: what each defect moves, and that they hold for any crop."""

import numpy as np
import pytest
import torch
from torch import Tensor

from model.attributes import brightness
from model.blocks import Standardised
from model.measured import MEASURES, measure, measured_brightness

SIZE = 160


def window(film: float = 1.0) -> Tensor:
    """A square window of even film between bars, (1, 1, 160, 160) film units."""
    image = torch.full((1, 1, SIZE, SIZE), 0.01)
    image[..., 40:120, 40:120] = film
    return image


def measured(film: Tensor) -> Tensor:
    return measure(film.sqrt())[0]


def moved(film: Tensor) -> set[int]:
    """Which measures differ from those of the plain window by more than a tenth."""
    return set(torch.nonzero((measured(film) - measured(window())).abs() > 0.1)[:, 0].tolist())


def spotted() -> Tensor:
    image = window()
    image[..., 60:64, 60:64] = 0.1
    return image


def torn() -> Tensor:
    image = window()
    image[..., 50:80, 50:80] = 1.4
    return image


def test_a_plain_window_has_its_level_its_size_and_nothing_dark_or_bright() -> None:
    top, typical, ratio, area, fill, hull = measured(window())[:6].tolist()
    assert (top, typical, ratio) == pytest.approx((1.0, 1.0, 0.0), abs=1e-5)
    assert area == pytest.approx(np.log(80**2 / SIZE**2), abs=1e-5)
    assert fill == pytest.approx(1.0)
    assert hull == pytest.approx(np.log(1e-3), abs=1e-4)


def test_dirt_and_tears_move_other_measures() -> None:
    dirt, tear = moved(spotted()), moved(torn())
    assert dirt - tear
    assert tear - dirt


def test_dirt_is_measured_as_its_share_of_the_window() -> None:
    shares = torch.exp(measured(spotted())[6:18]) - 1e-3
    assert float(shares.max()) == pytest.approx(16 / 80**2, rel=1e-3)


def test_a_neighbours_window_is_not_measured() -> None:
    image = window()
    image[..., 40:120, 142:] = 1.0
    assert moved(image) == set()


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_crop_measures_alike(turn: int) -> None:
    image = torn() * (1 + 0.02 * torch.randn(1, 1, SIZE, SIZE, generator=torch.Generator()))
    turned = torch.rot90(image, turn, (-2, -1))
    np.testing.assert_allclose(measured(turned), measured(image), atol=0.05)


def test_a_crop_turned_by_half_measures_the_same() -> None:
    image = torn() * (1 + 0.02 * torch.randn(1, 1, SIZE, SIZE, generator=torch.Generator()))
    np.testing.assert_allclose(measured(image.flip(2, 3)), measured(image), atol=1e-3)


@pytest.mark.parametrize("level", [0.0, 0.01, 1.0, 4.0])
def test_a_constant_crop_gives_finite_measures(level: float) -> None:
    found = measure(torch.full((2, 1, 32, 32), level))
    assert found.shape == (2, MEASURES)
    assert torch.isfinite(found).all()


def test_batch_mates_change_no_measure() -> None:
    both = torch.cat([spotted(), torn()]).sqrt()
    torch.testing.assert_close(measure(both)[0], measured(spotted()))


def test_numbers_are_brought_to_one_scale_in_training_and_left_alone_after() -> None:
    standard = Standardised(3)
    numbers = torch.randn(64, 3) * torch.tensor([0.1, 1.0, 50.0]) + 7.0
    for _ in range(3):
        standard(numbers)
    standard.eval()
    told = standard(numbers)
    torch.testing.assert_close(told.mean(0), torch.zeros(3), atol=0.1, rtol=0)
    torch.testing.assert_close(told.std(0), torch.ones(3), atol=0.1, rtol=0)
    before = standard.mean.clone()
    assert standard(torch.full((1, 3), 1e9)).max() == 4.0
    torch.testing.assert_close(standard.mean, before)


@pytest.mark.parametrize("stray", [0.0, 0.04, 0.06, 0.12])
def test_brightness_is_that_of_the_numpy_twin(stray: float) -> None:
    film = window(0.5).square() + stray
    told = measured_brightness(film.sqrt()).item()
    assert told == pytest.approx(brightness(film[0, 0].numpy()), abs=1e-3)
