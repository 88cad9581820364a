"""`xcryonet worker`: a worker alone; as many as there are devices may serve one database."""

import argparse

from model.checkpoint import CheckpointError
from service.commands.errors import CommandError
from service.commands.options import (
    add_database_arguments,
    add_network_arguments,
    open_database,
    read_settings,
    stop_on_signals,
)
from service.worker import run_worker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_database_arguments(parser)
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Work until stopped.

    Raises:
        CommandError: if the network cannot be loaded.
    """
    settings = read_settings(args)
    stop = stop_on_signals()
    database = open_database(settings)
    try:
        run_worker(settings, database, stop)
    except CheckpointError as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()
    return 0
