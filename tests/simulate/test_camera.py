import numpy as np
import pytest

from simulate.camera import Detector, Optics, count, detect, illuminate

PLAIN = Optics(
    electrons=20.0,
    blur_um=0.0,
    scatter=0.0,
    scatter_um=5.0,
    fringe=0.0,
    leak=0.0,
    shading=(0.0, 0.0),
)


@pytest.mark.parametrize("electrons", [0.05, 1.0, 5.0, 20.0, 80.0])
def test_shot_noise_has_the_mean_and_the_variance_of_poisson(electrons: float) -> None:
    drawn = count(np.random.default_rng(0), np.full((400, 400), electrons, np.float32))
    assert drawn.min() >= 0
    assert drawn.mean() == pytest.approx(electrons, rel=0.03)
    assert drawn.var() == pytest.approx(electrons, rel=0.06)


def test_vacuum_gives_the_dose_and_bars_nothing() -> None:
    image = np.zeros((64, 64), np.float32)
    image[:, 32:] = 1
    electrons = illuminate(image, PLAIN, 0.16)
    assert electrons[0, 0] == 0
    assert electrons[0, 63] == pytest.approx(20)


def test_blur_widens_an_edge_and_keeps_the_dose() -> None:
    image = np.zeros((64, 64), np.float32)
    image[:, 32:] = 1
    soft = illuminate(image, Optics(20.0, 0.5, 0.0, 5.0, 0.0, 0.0, (0.0, 0.0)), 0.16)
    assert 0.5 < soft[32, 30] < 9
    assert soft.mean() == pytest.approx(10, rel=0.02)


def test_gain_scales_counts() -> None:
    detector = Detector(counts=100.0, gain_sd=0.0, stripe_sd=0.0, dark=0.0, hot_row=0.0)
    counts = detect(np.random.default_rng(0), np.full((200, 200), 25, np.float32), detector)
    assert counts.mean() == pytest.approx(2500, rel=0.01)
    assert np.array_equal(counts, np.rint(counts / 100) * 100)


def test_a_hot_line_stands_out_on_a_dark_tile() -> None:
    detector = Detector(counts=1.0, gain_sd=0.0, stripe_sd=0.0, dark=0.0, hot_row=5.0)
    rows = detect(np.random.default_rng(0), np.zeros((100, 100), np.float32), detector).mean(axis=1)
    assert 1 <= np.count_nonzero(rows > 4) <= 3
