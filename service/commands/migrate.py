"""`xcryonet migrate`: bring the database, and the queue beside it, to this version."""

import argparse

from sqlalchemy.exc import OperationalError

from service.commands.errors import CommandError
from service.commands.options import add_database_arguments, read_settings, say, unreachable
from service.database import migrate
from service.jobs import make_queue_tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_database_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Migrate.

    Raises:
        CommandError: if the database cannot be reached.
    """
    settings = read_settings(args)
    try:
        migrate(settings.url)
        make_queue_tables(settings.url)
    except (OperationalError, OSError) as error:
        raise CommandError(unreachable(settings, error)) from error
    say(f"database {settings.url.render_as_string()} is at this version")
    return 0
