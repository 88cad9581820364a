"""What several commands share: the settings, given by environment and overridden by arguments."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from service.commands.errors import CommandError, WrongUseError
from service.database import Database, find_missing_migration
from service.logs import configure_logging
from service.settings import Settings

_NAMES = {
    "data": "data_dir",
    "database_url": "database_url",
    "host": "host",
    "port": "port",
    "device": "device",
    "weights": "weights",
    "log_level": "log_level",
}


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the data are."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default ./xcryonet-data)"
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="SQLAlchemy URL of a Postgres database; SQLite in the data folder when not given",
    )
    parser.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"))


def add_address_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the web process listens."""
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 8000)")


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the worker runs."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="default auto")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="checkpoint (default: the one that ships)"
    )


def read_settings(args: argparse.Namespace) -> Settings:
    """Read the settings from the environment and a command's arguments.

    Raises:
        WrongUseError: if one of them is not acceptable.
    """
    given = {_NAMES[name]: value for name, value in vars(args).items() if name in _NAMES}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in error.errors()
        )
        raise WrongUseError(f"settings: {wrong}") from error
    configure_logging(settings.log_level)
    return settings


def open_database(settings: Settings) -> Database:
    """Open a database whose tables are at this version.

    Raises:
        CommandError: if it is not there, cannot be reached, or is of another version.
    """
    url = settings.url
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise CommandError(
            f"no database at {url.database}: give the --data of `xcryonet run`, or make it"
            " with `xcryonet migrate`"
        )
    try:
        database = Database(settings.url)
        missing = find_missing_migration(database.engine)
    except (OperationalError, OSError) as error:
        raise CommandError(unreachable(settings, error)) from error
    if missing is not None:
        raise CommandError(missing)
    return database


def unreachable(settings: Settings, error: OSError | DBAPIError) -> str:
    """Say that a database cannot be reached, without its password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"cannot reach the database {settings.url.render_as_string()}: {cause}"


def stop_on_signals() -> Event:
    """Get an event that Ctrl-C and a polite request to end set."""
    stop = Event()
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        signal.signal(number, lambda *_: stop.set())
    return stop


def say(text: str) -> None:
    """Tell the person at the terminal something."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
