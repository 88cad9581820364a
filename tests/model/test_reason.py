"""The sentence beside a score: worst defect first, and shares that one can count."""

import numpy as np
import pytest

from model.reason import Findings, Window, describe, measure_window


def seen(missing: float = 0.0, dirty: float = 0.0, level: float = 1.0, fill: float = 1.0) -> Window:
    return Window(missing, dirty, level, fill)


def found(window: Window | None = None, **changes: float) -> Findings:
    clean = {
        "brightness": 3.4,
        "squareness": 3.8,
        "cracking": 0.0,
        "contamination": 0.5,
        "overall": 3.8,
    }
    return Findings(**(clean | changes), window=window)


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        (found(), "intact, clean, thin ice"),
        (found(contamination=1.7), "intact, nearly clean, thin ice"),
        (
            found(seen(missing=0.22), cracking=3.2),
            "torn: about 20 % of the film is missing",
        ),
        (found(seen(missing=0.005), cracking=1.3), "cracked: a hairline or a small tear"),
        (found(brightness=1.9, overall=1.0), "thick ice"),
        (
            found(seen(level=0.9, fill=0.8), brightness=2.1, overall=2.5),
            "thick ice: window small and round",
        ),
        (
            found(seen(level=0.5, fill=0.8), brightness=1.9, overall=1.5),
            "thick ice: window dark and round",
        ),
        (found(seen(level=0.5), brightness=1.9, overall=1.5), "thick ice: window dark"),
        (found(brightness=0.4, squareness=1.0, overall=0.0), "drowned: window almost dark"),
        (found(squareness=2.0), "part of the window is dark or missing"),
        (
            found(seen(level=0.9, fill=0.9), brightness=2.2, overall=3.4),
            "intact, clean, somewhat dim",
        ),
        (found(brightness=2.6, overall=2.2), "intact, clean, rather thick ice"),
        (found(brightness=2.6), "intact, clean, fairly thin ice"),
        (
            found(seen(dirty=0.07), contamination=3.4),
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


def film_with_window(level: float = 1.0) -> np.ndarray:
    """Dark bars about a window of 320x320 of 640x640 pixels."""
    film = np.full((640, 640), 0.01, np.float32)
    film[160:480, 160:480] = level
    return film


def test_missing_film_is_what_the_map_marks_of_the_window() -> None:
    cracks = np.zeros((80, 80), np.float32)
    cracks[20:30, 20:60] = 0.9  # a quarter of the window's 40x40 cells
    cracks[:10] = 0.9  # bars do not count
    window = measure_window(cracks, 0 * cracks, film_with_window())
    assert window is not None
    assert window.missing == pytest.approx(0.25, abs=0.02)
    assert window.fill == pytest.approx(1.0, abs=0.02)


def test_dirt_counts_where_the_map_looks_and_it_is_dark() -> None:
    film, dirt = film_with_window(), np.zeros((80, 80), np.float32)
    film[200:264, 200:264] = 0.2  # 4 % of the window, and as much that no map marks
    film[400:464, 400:464] = 0.2
    dirt[20:40, 20:40] = 0.6
    window = measure_window(0 * dirt, dirt, film)
    assert window is not None
    assert window.dirty == pytest.approx(0.04, abs=0.005)


def test_a_bite_out_of_the_side_belongs_to_the_window() -> None:
    film, dirt = film_with_window(), np.ones((80, 80), np.float32)
    film[160:224, 288:352] = 0.1  # 4 % at the upper side
    window = measure_window(0 * dirt, dirt, film)
    assert window is not None
    assert window.dirty == pytest.approx(0.04, abs=0.005)


def test_a_round_dim_window_is_seen_as_such_beside_brighter_neighbours() -> None:
    y, x = np.mgrid[:640, :640] - 319.5
    film = np.where(np.hypot(x, y) < 120, 0.5, 0.01).astype(np.float32)
    film[:60] = film[-60:] = 1.0
    window = measure_window(np.zeros((80, 80), np.float32), np.zeros((80, 80), np.float32), film)
    assert window is not None
    assert window.level == pytest.approx(0.5, abs=0.02)
    assert window.fill == pytest.approx(np.pi / 4, abs=0.02)


def test_where_nothing_is_lit_there_is_no_window() -> None:
    nothing = np.zeros((80, 80), np.float32)
    assert measure_window(nothing, nothing, np.zeros((640, 640), np.float32)) is None
