"""Can a small classifier tell simulated squares from real ones? `python -m benchmarks.two_sample`.

Logistic regression on statistics of each square, trained on one real and one simulated grid and
judged on the others, both ways; AUC 0.5 = cannot tell, 1.0 = always. The statistics that alone
give it away come with it.
"""

import argparse
import itertools
import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.contact_sheet import simulate_squares
from benchmarks.real_squares import REAL_SESSION, CutSquare, cut_squares

STEPS = 600
RATE = 0.1
RIDGE = 0.02
LIT = 0.3
BANDS_UM = (2.4, 3.6, 5.5, 9.0, 15.0, 30.0)
PIXEL_UM = 0.32
SIZE_PX = 320

Table = NDArray[np.float64]


def describe(film: NDArray[np.float32]) -> dict[str, float]:
    """Statistics of one square in film units, (640, 640), seen at half scale."""
    film = np.asarray(cv2.resize(film, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA))
    smooth = cv2.GaussianBlur(film, (0, 0), 1)
    lit = smooth > LIT
    inside = cv2.erode(lit.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    bars = cv2.dilate(lit.astype(np.uint8), np.ones((31, 31), np.uint8)) == 0
    levels = film[inside] if inside.any() else np.zeros(1, np.float32)
    facts = {f"grey {p} %": float(np.percentile(levels, p)) for p in (5, 25, 50, 75, 95)}
    facts["bars"] = float(film[bars].mean()) if bars.any() else 0.0
    facts["bar noise"] = float(film[bars].std()) if bars.any() else 0.0
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    edge = (smooth > 0.2) & (smooth < 0.6)
    facts["edge slope"] = float(np.median(slope[edge])) if edge.any() else 0.0
    facts["window um2"] = float(lit.sum()) * PIXEL_UM**2 / 1000
    facts["dark share"] = float(np.mean(levels < 0.6 * np.median(levels)))
    return facts | _spectrum(film, inside)


def _spectrum(film: NDArray[np.float32], inside: NDArray[np.bool_]) -> dict[str, float]:
    """Log power of the window's inside in bands of wavelength."""
    middle = float(film[inside].mean()) if inside.any() else 0.0
    flat = np.where(inside, film - middle, 0)
    power = np.abs(np.fft.rfft2(flat)) ** 2 / max(int(inside.sum()), 1)
    return {name: float(np.log10(power[ring].mean() + 1e-9)) for name, ring in _rings().items()}


@cache
def _rings() -> dict[str, NDArray[np.bool_]]:
    """Where in the spectrum each band of wavelengths lies."""
    fy = np.fft.fftfreq(SIZE_PX, PIXEL_UM)[:, None]
    frequency = np.hypot(fy, np.fft.rfftfreq(SIZE_PX, PIXEL_UM))
    return {
        f"power {short}-{long} um": (frequency >= 1 / long) & (frequency < 1 / short)
        for short, long in itertools.pairwise(BANDS_UM)
    }


def auc(scores: Table, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve; ties count half."""
    above = scores[positive][:, None] - scores[~positive][None]
    return float(np.mean(above > 0) + 0.5 * np.mean(above == 0))


def train_and_score(train: Table, labels: NDArray[np.bool_], test: Table) -> Table:
    """Scores of logistic regression, classes weighted equally."""
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    x = np.column_stack([(train - mean) / spread, np.ones(len(train))])
    weight = np.where(labels, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    w = np.zeros(x.shape[1])
    for _ in range(STEPS):
        error = weight * (1 / (1 + np.exp(-x @ w)) - labels)
        w -= RATE * (x.T @ error / len(x) + RIDGE * w)
    return np.column_stack([(test - mean) / spread, np.ones(len(test))]) @ w


def compare(real: list[CutSquare], simulated: list[CutSquare]) -> tuple[float, dict[str, float]]:
    """Mean AUC over folds by grid, and each statistic's own AUC (distance from 0.5 matters)."""
    squares = real + simulated
    facts = [describe(square.film) for square in squares]
    names = list(facts[0])
    table = np.array([[fact[name] for name in names] for fact in facts])
    is_real = np.arange(len(squares)) < len(real)
    grids = [sorted({s.grid for s in group}) for group in (real, simulated)]
    of = np.array([square.grid for square in squares])
    results = []
    for held_real in grids[0]:
        for held_simulated in grids[1]:
            held = (of == held_real) | (of == held_simulated)
            scores = train_and_score(table[~held], is_real[~held], table[held])
            results.append(auc(scores, is_real[held]))
    single = {name: auc(table[:, i], is_real) for i, name in enumerate(names)}
    return float(np.mean(results)), single


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    real = cut_squares(REAL_SESSION, "real ", previews_only=True)
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate_squares(Path(folder), args.seed)
    area, single = compare(real, simulated)
    print(f"AUC {area:.2f} ({len(real)} real, {len(simulated)} simulated squares, by grid)")
    for name, value in sorted(single.items(), key=lambda item: -abs(item[1] - 0.5)):
        print(f"  {name:>20} {value:.2f}")


if __name__ == "__main__":
    main()
