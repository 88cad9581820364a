"""`xcryonet export`: a grid's ranked squares as a file, without the web process."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.commands.errors import CommandError, WrongUseError
from service.commands.options import add_database_arguments, open_database, read_settings
from service.errors import ServiceError
from service.exports import Export, ExportFormat, export
from service.queries.rankings import get_ranking
from service.schemas import SquareQuestion
from service.tables import GridRow, SessionRow

MOST_SQUARES = 5000
"""The most that one question may ask for; no grid comes near."""

MOST_DIGITS = 9
"""Of a sample's number: the database holds no larger one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "grid", help="its id, Sample<number> of the newest session, or <session>/Sample<number>"
    )
    parser.add_argument(
        "--format", choices=[kind.value for kind in ExportFormat], default=ExportFormat.CSV.value
    )
    parser.add_argument(
        "--min-overall", type=float, metavar="SCORE", help="leave out what is worse"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    add_database_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Export.

    Raises:
        CommandError: if there is no such grid, or its squares cannot be exported so.
        WrongUseError: if no square can have the score asked for.
    """
    try:
        ask = SquareQuestion(limit=MOST_SQUARES, min_overall=args.min_overall)
    except ValidationError as error:
        raise WrongUseError(f"--min-overall: {error.errors()[0]['msg']}") from error
    kind = ExportFormat(args.format)
    database = open_database(read_settings(args))
    try:
        with database.read() as session:
            file = export(get_ranking(session, find_grid(session, args.grid), ask), kind)
    except ServiceError as error:
        raise CommandError(error.message) from error
    finally:
        database.close()
    _write(file, args.out)
    return 0


def find_grid(session: Session, name: str) -> UUID:
    """Find a grid by what a person calls it.

    Raises:
        CommandError: if there is none of that name.
    """
    try:
        return UUID(name)
    except ValueError:
        pass
    key, _, sample = name.rpartition("/")
    number = sample.lower().removeprefix("sample")
    if number.isdecimal() and len(number) <= MOST_DIGITS:
        question = sa.select(GridRow.id).join(SessionRow, SessionRow.id == GridRow.session_id)
        question = question.where(GridRow.sample == int(number))
        if key:
            question = question.where(SessionRow.key == key)
        found = session.scalar(question.order_by(SessionRow.created_at.desc()).limit(1))
        if found is not None:
            return found
    raise CommandError(f"no grid {name!r}: expected an id, Sample2 or Supervisor_.../Sample2")


def _write(file: Export, out: Path | None) -> None:
    """Write a file, or print it.

    Raises:
        CommandError: if it cannot be written.
    """
    if out is None:
        sys.stdout.write(file.text)
        return
    try:
        out.write_text(file.text, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"--out {out}: {error.strerror}") from error
