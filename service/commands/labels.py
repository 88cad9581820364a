"""`xcryonet labels OUT`: what people labelled, as a data set for `train` and `evaluate`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from model.dataset import OutputNotEmptyError, check_empty
from service.blobs import BlobStore
from service.commands.errors import CommandError, WrongUseError
from service.commands.options import add_database_arguments, open_database, read_settings, say
from service.labelled import LabelledPlan, Written, choose_squares, write_labelled


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("out", type=Path, metavar="OUT", help="new or empty folder to write to")
    parser.add_argument(
        "--author", action="append", default=[], help="only this one's labels; may be repeated"
    )
    parser.add_argument(
        "--unlabelled",
        type=int,
        default=0,
        metavar="N",
        help="add so many squares without labels, which semi-supervised training uses",
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=LabelledPlan.validation,
        metavar="SHARE",
        help="share of the labelled grids to judge on, one at least (default 0.15)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_database_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the data set.

    Raises:
        CommandError: if nothing is labelled, the folder cannot be written, or (status 2) the
            arguments make no sense.
    """
    plan = _plan(args)
    settings = read_settings(args)
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    database = open_database(settings)
    try:
        chosen = choose_squares(database, plan)
        if not chosen.splits:
            raise CommandError(_nothing(plan))
        with tqdm(total=len(chosen.squares), unit="square", disable=args.quiet) as bar:
            written = write_labelled(database, blobs, args.out, chosen, bar.update)
    except OSError as error:
        raise CommandError(f"{args.out}: {error}") from error
    finally:
        database.close()
    say(json.dumps(asdict(written), indent=2) if args.json else describe(args.out, written))
    return 0


def _plan(args: argparse.Namespace) -> LabelledPlan:
    """Check the arguments.

    Raises:
        WrongUseError: if one makes no sense, or the folder holds something.
    """
    if args.unlabelled < 0:
        raise WrongUseError(f"--unlabelled: expected 0 or more, found {args.unlabelled}")
    if not 0 <= args.validation < 1:
        raise WrongUseError(f"--validation: expected 0 to less than 1, found {args.validation}")
    try:
        check_empty(args.out)
    except OutputNotEmptyError as error:
        raise WrongUseError(str(error)) from error
    return LabelledPlan(tuple(args.author), args.unlabelled, args.validation)


def _nothing(plan: LabelledPlan) -> str:
    whose = f" by {', '.join(plan.authors)}" if plan.authors else ""
    return f"no square has been labelled{whose}: label on the page, or POST /api/v1/labels"


def describe(out: Path, written: Written) -> str:
    """Say what was written, and what is missing for training."""
    lines = [
        f"{out}: {written.labelled} labelled and {written.unlabelled} unlabelled squares",
        f"to train on: {', '.join(written.trained_on) or 'no grid'}",
        f"held out: {', '.join(written.held_out) or 'no grid'}",
    ]
    if written.left_out:
        lines.append(f"left out: {written.left_out} squares that have no crop any more")
    if not written.held_out:
        lines.append("`train` wants a grid to judge on as well: label squares of another grid")
    return "\n".join(lines)
