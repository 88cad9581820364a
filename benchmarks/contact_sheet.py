"""Real squares beside simulated ones at equal scale and grey: `python -m benchmarks.contact_sheet`.

Both are cut by ingest from 8-bit previews, because only previews of the real session are public.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.real_squares import REAL_SESSION, CutSquare, cut_squares
from simulate.film import FoilKind
from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session
from simulate.variant import Variant

CELL_PX = 160
FILM_GREY = 190
COLUMNS = 10
GRIDS = 6


def simulate_squares(folder: Path, seed: int) -> list[CutSquare]:
    """Squares of simulated grids that are like the real ones: 300 mesh, carbon, previews only."""
    k3 = replace(find_instrument(CameraKind.K3), columns=2, rows=2)
    squares: list[CutSquare] = []
    for number in range(GRIDS):
        foil = (FoilKind.R2_2, FoilKind.R12_13)[number % 2]
        out = folder / str(number)
        plan = SessionPlan(
            instrument=k3, foil=foil, grids=1, seed=seed + number, variant=Variant.PREVIEWS_ONLY
        )
        write_session(out, plan)
        squares += cut_squares(out, f"simulated {number}-", previews_only=True)
    return squares


def draw_sheet(real: list[CutSquare], simulated: list[CutSquare], rows: int) -> NDArray[np.uint8]:
    """Rows of real squares above rows of simulated ones, uint8 (height, width)."""
    halves = [
        _draw(squares, rows, title) for squares, title in ((real, "real"), (simulated, "simulated"))
    ]
    return np.vstack(halves)


def _draw(squares: list[CutSquare], rows: int, title: str) -> NDArray[np.uint8]:
    chosen = np.random.default_rng(0).permutation(len(squares))[: rows * COLUMNS]
    cells = [_cell(squares[i].film) for i in chosen]
    cells += [np.zeros((CELL_PX, CELL_PX), np.uint8)] * (rows * COLUMNS - len(cells))
    lines = [np.hstack(cells[i : i + COLUMNS]) for i in range(0, rows * COLUMNS, COLUMNS)]
    band = np.full((24, CELL_PX * COLUMNS), 60, np.uint8)
    cv2.putText(band, title, (6, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1, cv2.LINE_AA)
    return np.vstack([band, *lines])


def _cell(film: NDArray[np.float32]) -> NDArray[np.uint8]:
    small = cv2.resize(film, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * FILM_GREY, 0, 255), dtype=np.uint8)


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/contact-sheet.png"))
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    real = cut_squares(REAL_SESSION, "real ", previews_only=True)
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate_squares(Path(folder), args.seed)
    cv2.imwrite(str(args.out), draw_sheet(real, simulated, args.rows))
    print(f"{len(real)} real and {len(simulated)} simulated squares; {args.out}")


if __name__ == "__main__":
    main()
