"""Colours that mean something, as people with each kind of colour vision see them."""

import re
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from service.routes.page import PAGE

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
    "full": [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
LEAST_DISTANCE = 10.0
LEAST_STEP = 4.0
STATES = ("good", "wait", "bad", "muted", "usable")
"""Colours of states, each with a shape or a sign of its own; EPU's categories are numbers."""


@pytest.mark.browser
@pytest.mark.parametrize("kind", VISION)
def test_grades_differ_and_rise_in_lightness_for_every_vision(page: Page, kind: str) -> None:
    page.goto("/")
    stops = np.array(page.evaluate("import('/static/js/colours.js').then(one => one.STOPS)"))

    lab = seen(stops, kind)

    steps = np.diff(lab, axis=0)
    assert (steps[:, 0] > LEAST_STEP).all(), lab
    assert (np.linalg.norm(steps, axis=1) > LEAST_DISTANCE).all(), lab


@pytest.mark.parametrize("kind", VISION)
def test_states_differ_for_every_vision(kind: str) -> None:
    css = (PAGE / "css" / "base.css").read_text()
    colours = dict(re.findall(r"--([a-z]+): #([0-9a-f]{6});", css))
    rgb = np.array([list(bytes.fromhex(colours[name])) for name in STATES])

    lab = dict(zip(STATES, seen(rgb, kind), strict=True))

    distances = {
        pair: float(np.linalg.norm(lab[pair[0]] - lab[pair[1]])) for pair in combinations(STATES, 2)
    }
    assert {pair: far for pair, far in distances.items() if far < LEAST_DISTANCE} == {}


def seen(rgb: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """Convert sRGB 0-255 (n, 3) to the CIE Lab (n, 3) that somebody sees."""
    return to_lab(np.clip(linear(rgb / 255) @ np.array(VISION[kind]).T, 0, 1))


def linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo sRGB's gamma, (n, 3)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def to_lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert linear RGB (n, 3) to CIE Lab (n, 3)."""
    xyz = rgb @ TO_XYZ.T / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)
