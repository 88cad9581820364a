"""`xcryonet evaluate`: agreement of a network's scores with labels, as text, JSON and picture."""

import argparse
import sys
from pathlib import Path

from model.checkpoint import CheckpointError
from model.dataset import Dataset, DatasetError, Split, Square, read_dataset
from model.evaluate import EvaluationError, Report, SquareLabel, evaluate_crops
from model.evaluate_picture import draw_report
from model.metrics import Agreement
from model.predict import Scorer


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the weights and what to write: shared by every way to evaluate."""
    parser.add_argument(
        "weights", type=Path, nargs="?", metavar="WEIGHTS", help="those that ship, if absent"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument(
        "--picture", type=Path, metavar="PNG", help="draw scatter and worst squares"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments for a data set folder."""
    add_output_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="data set folder")
    parser.add_argument("--split", choices=[str(s) for s in Split], default=str(Split.VALIDATION))


def run(args: argparse.Namespace) -> int:
    """Evaluate on a data set folder's labelled squares; 0 done, 1 failed."""
    try:
        check_picture(args.picture)
        scorer = Scorer.load(args.weights, args.device)
        dataset = read_dataset(args.data)
        rows = _labelled(dataset, Split(args.split))
        crops = [dataset.crop(s) for s in rows]
        labels = [SquareLabel.of(s.id, s.grid, s.labels) for s in rows if s.labels is not None]
        report = evaluate_crops(scorer, crops, labels)
    except (CheckpointError, DatasetError, EvaluationError, OSError) as error:
        sys.stderr.write(f"xcryonet evaluate: {error}\n")
        return 1
    return write_report(args, report)


def _labelled(dataset: Dataset, split: Split) -> list[Square]:
    """Labelled squares of a split.

    Raises:
        DatasetError: if there is none.
    """
    rows = [s for s in dataset.squares if s.split == split and s.labels is not None]
    if not rows:
        raise DatasetError(
            f"{dataset.folder}: expected labelled squares in split {split}, found none"
        )
    return rows


def check_picture(path: Path | None) -> None:
    """Refuse a picture that could not be written, before the work is done.

    Raises:
        EvaluationError: if its folder is not there, or it is no name of a PNG.
    """
    if path is None:
        return
    if path.suffix.lower() != ".png" or path.is_dir():
        raise EvaluationError(f"{path}: expected a name that ends in .png, found another")
    if not path.absolute().parent.is_dir():
        raise EvaluationError(f"{path}: expected a folder to write to, found none")


def write_report(args: argparse.Namespace, report: Report) -> int:
    """Print a report as `add_output_arguments` was told to; 1 where its picture fails."""
    if args.json:
        sys.stdout.write(report.as_json() + "\n")
    else:
        _write_text(report)
    if args.picture is not None:
        try:
            draw_report(args.picture, report)
        except OSError as error:
            sys.stderr.write(f"xcryonet evaluate: {args.picture}: {error}\n")
            return 1
    return 0


def _write_text(report: Report) -> None:
    sys.stdout.write(report.summary() + "\n")
    sys.stdout.write(
        f"{'grid':12s} {'score':14s} {'n':>5s} {'MAE':>6s} {'Spearman':>9s} {'AUC':>6s}\n"
    )
    for grid, by_name in report.figures.items():
        for name, found in by_name.items():
            sys.stdout.write(f"{grid:12s} {name:14s} {_line(found)}\n")


def _line(found: Agreement) -> str:
    rank = "-" if found.spearman is None else f"{found.spearman:.3f}"
    area = "-" if found.auc is None else f"{found.auc:.3f}"
    return f"{found.count:5d} {found.mae:6.3f} {rank:>9s} {area:>6s}"
