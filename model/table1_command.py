"""`xcryonet benchmark table1 DATA`: the paper's table 1 on a data set of your own."""

import argparse
import json
import sys
from pathlib import Path

import torch

from model.arguments import count_of
from model.dataset import read_dataset
from model.device import find_device
from model.metrics import SCORES
from model.table1 import Line, Plan, Recipe, SplitBy, make_table, measure_table
from model.table1_runs import FinishedRuns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; the defaults are the paper's sizes."""
    paper = Plan()
    parser.add_argument("data", type=Path, metavar="DATA", help="data set folder")
    parser.add_argument("--labelled", type=count_of(1), nargs="+", default=list(paper.labelled))
    parser.add_argument("--unlabelled", type=count_of(0), default=paper.unlabelled)
    parser.add_argument("--runs", type=count_of(1), default=paper.runs)
    parser.add_argument("--epochs", type=count_of(1), default=paper.epochs)
    parser.add_argument(
        "--reduction",
        type=count_of(1),
        default=paper.reduction,
        help="make crops so many times smaller",
    )
    parser.add_argument(
        "--split",
        choices=[str(s) for s in SplitBy],
        default=str(paper.split),
        help="hold out whole grids, or squares as the paper did",
    )
    parser.add_argument(
        "--recipe",
        choices=[str(r) for r in Recipe],
        default=str(paper.recipe),
        help="network and training: the paper's, or the default weights'",
    )
    parser.add_argument("--seed", type=count_of(0), default=paper.seed)
    # The command above has these two as well: what it was given stays.
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default=argparse.SUPPRESS, help="default: auto"
    )
    parser.add_argument("--threads", type=count_of(1), help="CPU threads")
    parser.add_argument("--out", type=Path, help="write the table here too, after every line")
    parser.add_argument(
        "--runs-file",
        type=Path,
        help="keep each run's errors here as it ends, and repeat none that it has",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print every run's errors as JSON",
    )


def run(args: argparse.Namespace) -> int:
    """Measure the table; 0 done, 1 failed."""
    if args.threads:
        torch.set_num_threads(args.threads)
    plan = Plan(
        tuple(args.labelled),
        args.unlabelled,
        args.runs,
        args.epochs,
        args.reduction,
        SplitBy(args.split),
        args.seed,
        Recipe(args.recipe),
    )
    lines: list[Line] = []
    try:
        for path in (args.out, args.runs_file):
            _check_out(path)
        device = find_device(args.device)
        dataset = read_dataset(args.data)
        about = f"{dataset.header.origin} (seed {dataset.header.seed}), {_count(dataset.squares)}"
        runs = FinishedRuns(args.runs_file)
        for line in measure_table(dataset, plan, device, _say, runs):
            lines.append(line)
            if args.out is not None:
                args.out.write_text(make_table(lines, plan, about), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"xcryonet benchmark table1: {error}\n")
        return 1
    sys.stdout.write(_as_json(lines) if args.json else make_table(lines, plan, about))
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _check_out(path: Path | None) -> None:
    """Refuse, hours before it is written, a table that could not be.

    Raises:
        NotADirectoryError: its folder is not there.
        IsADirectoryError: it is a folder.
    """
    if path is not None and not path.absolute().parent.is_dir():
        raise NotADirectoryError(f"{path}: expected a folder to write to, found none")
    if path is not None and path.is_dir():
        raise IsADirectoryError(f"{path}: expected a file to write to, found a folder")


def _count(squares: tuple[object, ...]) -> str:
    grids = {getattr(square, "grid", "") for square in squares}
    return f"{len(squares)} squares of {len(grids)} grids"


def _as_json(lines: list[Line]) -> str:
    rows = [
        {
            "method": line.method.name,
            "supervision": line.method.supervision,
            "labelled": line.method.labelled,
            "mae": {name: line.errors[:, i].tolist() for i, name in enumerate(SCORES)},
            "paper": line.method.paper,
        }
        for line in lines
    ]
    return json.dumps(rows, indent=2) + "\n"
