"""The command `xcryonet dataset`: write a folder of simulated squares with truth."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from model.dataset import OutputNotEmptyError, check_empty
from simulate.dataset import DatasetPlan, write_dataset
from simulate.mesh import MeshKind
from simulate.traits import EVERY_MESH


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("out", type=Path, help="new or empty folder to write to")
    parser.add_argument("--grids", type=int, default=12, help="number of grids (default 12)")
    parser.add_argument(
        "--squares-per-grid", type=int, default=250, help="squares of each (default 250)"
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed, same data set (default 1)")
    parser.add_argument(
        "--raters",
        type=int,
        default=0,
        help="label as the mean of so many imperfect raters (default 0: the truth)",
    )
    parser.add_argument(
        "--mesh",
        nargs="+",
        choices=[kind.value for kind in EVERY_MESH],
        default=[kind.value for kind in EVERY_MESH],
        help="meshes that its grids may have (default: all)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    """Write the data set; 0 done, 1 the disk refuses, 2 wrong arguments (nothing is written)."""
    complaint = _complaint(args)
    if complaint is not None:
        sys.stderr.write(f"xcryonet dataset: {complaint}\n")
        return 2
    plan = DatasetPlan(
        grids=args.grids,
        squares_per_grid=args.squares_per_grid,
        seed=args.seed,
        raters=args.raters,
        meshes=tuple(MeshKind(name) for name in args.mesh),
    )
    total = plan.grids * plan.squares_per_grid
    try:
        with tqdm(total=total, unit="square", disable=args.quiet) as bar:
            write_dataset(args.out, plan, progress=bar.update)
    except OSError as error:
        sys.stderr.write(f"xcryonet dataset: {error}\n")
        return 1
    return 0


def _complaint(args: argparse.Namespace) -> str | None:
    """What is wrong with the arguments, or None."""
    for name in ("grids", "squares_per_grid"):
        value = getattr(args, name)
        if value < 1:
            return f"--{name.replace('_', '-')}: expected 1 or more, found {value}"
    for name in ("seed", "raters"):
        value = getattr(args, name)
        if value < 0:
            return f"--{name}: expected 0 or more, found {value}"
    try:
        check_empty(args.out)
    except OutputNotEmptyError as error:
        return str(error)
    return None
