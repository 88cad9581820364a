"""Can a small classifier tell simulated squares from real ones? `python -m benchmarks.two_sample`.

Two classifiers on statistics of each square, logistic regression and a network of one hidden
layer, trained on all grids but one real and some simulated ones and judged on those; AUC 0.5 =
cannot tell, 1.0 = always. The statistics that alone give it away come with it.
"""

import argparse
import itertools
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from benchmarks.contact_sheet import simulate_squares
from benchmarks.real_squares import REAL_SESSION, CutSquare, cut_squares

SEEDS = (3, 20, 40)
FOLDS = 6
HIDDEN = 32
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


def learn_and_score(train: Table, labels: NDArray[np.bool_], test: Table) -> Table:
    """Scores of a network with one hidden layer, classes weighted equally."""
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    x, seen = (torch.from_numpy(np.clip((t - mean) / spread, -4, 4)).float() for t in (train, test))
    truth = torch.from_numpy(labels).float()
    weight = torch.where(truth > 0, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)
    )
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2, weight_decay=1e-2)
    for _ in range(STEPS // 3):
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(network(x)[:, 0], truth, weight)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
    return np.asarray(network(seen)[:, 0].detach().numpy(), np.float64)


CLASSIFIERS: dict[str, Callable[[Table, NDArray[np.bool_], Table], Table]] = {
    "logistic regression": train_and_score,
    f"{HIDDEN} hidden units": learn_and_score,
}


def compare(
    real: list[CutSquare], simulated: list[CutSquare]
) -> tuple[dict[str, float], dict[str, float]]:
    """Each classifier's mean AUC over folds by grid, and each statistic's own.

    An AUC below 0.5 says that what tells the training grids apart points the other way on others.
    """
    squares = real + simulated
    facts = [describe(square.film) for square in squares]
    names = list(facts[0])
    table = np.array([[fact[name] for name in names] for fact in facts])
    is_real = np.arange(len(squares)) < len(real)
    grids = [sorted({s.grid for s in group}) for group in (real, simulated)]
    of = np.array([square.grid for square in squares])
    shuffled = np.random.default_rng(0).permutation(grids[1])
    folds = np.array_split(shuffled, min(FOLDS, len(shuffled)))
    areas: dict[str, list[float]] = {name: [] for name in CLASSIFIERS}
    for held_real, held_simulated in itertools.product(grids[0], folds):
        held = (of == held_real) | np.isin(of, held_simulated)
        for name, learn in CLASSIFIERS.items():
            scores = learn(table[~held], is_real[~held], table[held])
            areas[name].append(auc(scores, is_real[held]))
    single = {name: auc(table[:, i], is_real) for i, name in enumerate(names)}
    return {name: float(np.mean(found)) for name, found in areas.items()}, single


def simulate_many(seeds: Sequence[int]) -> list[CutSquare]:
    """Squares of six grids for each seed."""
    squares = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            made = simulate_squares(Path(folder), seed)
        squares += [CutSquare(f"{square.grid} of seed {seed}", square.film) for square in made]
    return squares


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    args = parser.parse_args()
    real = cut_squares(REAL_SESSION, "real ", previews_only=True)
    simulated = simulate_many(args.seeds)
    areas, single = compare(real, simulated)
    print(f"{len(real)} real, {len(simulated)} simulated squares, AUC by grid:")
    for name, value in areas.items():
        print(f"  {name:>20} {value:.2f}")
    for name, value in sorted(single.items(), key=lambda item: -abs(item[1] - 0.5)):
        print(f"  {name:>20} {value:.2f}")


if __name__ == "__main__":
    main()
