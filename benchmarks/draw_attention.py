"""True defects, attention and Grad-CAM as a picture: `python -m benchmarks.draw_attention`.

The squares are drawn by lot among those with a defect, one of a grid.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.held_out import PLAN, HeldOut, Looks, draw_held_out, look, weigh
from model.checkpoint import load_checkpoint
from model.metrics import SCORES
from model.network import ATTENDED
from model.predict import DEFAULT_WEIGHTS
from model.preprocess import film_units

SQUARES = 8
"""Drawn of each grid, to choose from."""

ROWS = 4
_BRIGHTEST = 1.3
_SEVERITY = (2.0, 3.8)
_COLUMNS = ("square", "truth", "attention", "Grad-CAM")


def draw(path: Path, held: HeldOut, looks: Looks) -> None:
    """Write a PNG: cracked squares on the left, contaminated ones on the right."""
    figure = Figure(figsize=(16, 2.1 * ROWS), layout="constrained")
    halves = np.ravel(np.asarray(figure.subfigures(1, len(ATTENDED), wspace=0.02)))
    for number, (name, half) in enumerate(zip(ATTENDED, halves, strict=True)):
        half.suptitle(name)
        panels = half.subplots(ROWS, len(_COLUMNS), squeeze=False)
        for row, index in zip(panels, choose(held, looks, number), strict=False):
            _draw_row(row, held, looks, (number, index))
        for axes, title in zip(panels[0], _COLUMNS, strict=True):
            axes.set_title(title, size=9)
        for axes in np.ravel(panels):
            axes.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=80)


def choose(held: HeldOut, looks: Looks, attended: int) -> list[int]:
    """Draw squares that clearly have a defect and still show film, each of another grid."""
    severity = held.truth[:, SCORES.index(ATTENDED[attended])]
    seen: set[str] = set()
    chosen = []
    for index in np.random.default_rng(0).permutation(len(severity)):
        grid = held.squares.grids[index]
        clear = _SEVERITY[0] <= severity[index] <= _SEVERITY[1]
        if clear and grid not in seen and looks.masks[index, attended].any():
            seen.add(grid)
            chosen.append(int(index))
    return chosen[:ROWS]


def _draw_row(panels: Sequence[Axes], held: HeldOut, looks: Looks, place: tuple[int, int]) -> None:
    attended, index = place
    film = np.sqrt(np.clip(film_units(held.crops[index]), 0, _BRIGHTEST**2))
    panels[0].imshow(film, cmap="gray", vmin=0, vmax=_BRIGHTEST)
    truth = held.truth[index, SCORES.index(ATTENDED[attended])]
    panels[0].set_xlabel(f"severity {truth:.1f}", size=8)
    mask = looks.masks[index, attended]
    panels[1].imshow(mask > 0, cmap="magma", vmin=0, vmax=1)
    panels[1].set_xlabel(f"{(mask > 0).mean():.1%} of the crop", size=8)
    for axes, maps in zip(panels[2:], (looks.attention, looks.grad_cam), strict=True):
        shown = maps[index, attended]
        inside = weigh(shown[None], mask[None])
        axes.imshow(shown, cmap="magma", vmin=0, vmax=max(float(shown.max()), 1e-6))
        axes.set_xlabel(f"{inside.share:.0%} inside", size=8)


def main() -> None:
    """Draw the picture with the weights that ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/attention.png"))
    args = parser.parse_args()
    network = load_checkpoint(DEFAULT_WEIGHTS)[0]
    held = draw_held_out(replace(PLAN, squares_per_grid=SQUARES), network.config.reduction)
    draw(args.out, held, look(network, held.squares))
    print(args.out)


if __name__ == "__main__":
    main()
