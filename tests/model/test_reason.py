"""The sentence beside a score: worst defect first, and shares that one can count."""

import numpy as np
import pytest

from model.reason import Findings, describe, window_share


def found(**changes: float) -> Findings:
    clean = {
        "brightness": 3.4,
        "squareness": 3.8,
        "cracking": 0.0,
        "contamination": 0.5,
        "overall": 3.8,
    }
    return Findings(**(clean | changes))


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        (found(), "intact, clean, thin ice"),
        (found(contamination=1.7), "intact, nearly clean, thin ice"),
        (
            found(cracking=3.2, missing_share=0.22),
            "torn: about 20 % of the film is missing",
        ),
        (found(cracking=1.3, missing_share=0.005), "cracked: a hairline or a small tear"),
        (found(brightness=1.9, overall=1.0), "thick ice: window dark and round"),
        (found(brightness=0.4, overall=0.0), "drowned: window almost dark"),
        (
            found(contamination=3.4, dirty_share=0.07),
            "heavily contaminated: about 7 % of the window under dark artefacts",
        ),
        (found(overall=1.0), "no single large defect, thin ice, yet of poor overall quality"),
    ],
)
def test_each_defect_has_its_words(findings: Findings, sentence: str) -> None:
    assert describe(findings) == sentence


def test_the_worst_defect_comes_first_and_two_are_enough() -> None:
    sentence = describe(found(cracking=3.9, contamination=2.5, brightness=2.2, squareness=2.7))
    assert sentence.startswith("torn film; contaminated")
    assert sentence.count(";") == 1


def test_shares_are_of_the_window_not_of_the_crop() -> None:
    film = np.zeros((40, 40), np.float32)
    film[10:30, 10:30] = 1.0  # a window of 5x5 map cells
    cracks, dirt = np.zeros((10, 10), np.float32), np.zeros((10, 10), np.float32)
    film[10:14, 10:30] = 0.0
    dirt[2, 3:7] = 0.9
    cracks[4, 4] = 0.9
    window = 16 + 8  # cells 2-7 by 2-7, less edges
    assert 0.02 < window_share(cracks, dirt, film) < 2 / window
    assert window_share(dirt, cracks, film) == 4 * window_share(cracks, dirt, film)
