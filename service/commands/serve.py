"""`xcryonet serve`: the web process alone."""

import argparse
import gc
import sys

import uvicorn

from service.app import get_app
from service.commands.errors import CommandError
from service.commands.options import (
    add_address_arguments,
    add_database_arguments,
    open_database,
    read_settings,
    say,
)
from service.jobs import DurableQueue
from service.stack import check_port_free, page_address

SWITCH_S = 0.0001
"""How long one thread may keep the others waiting; a short answer waits several times over while a
long one is made, each time as long as this (5 ms as Python comes)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_database_arguments(parser)
    add_address_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped.

    Raises:
        CommandError: if the server could not listen.
    """
    sys.setswitchinterval(SWITCH_S)
    settings = read_settings(args)
    check_port_free(settings.host, settings.port)
    database = open_database(settings)
    queue = DurableQueue(database)
    config = uvicorn.Config(
        get_app(settings, queue=queue),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    say(f"serving {page_address(settings)}")
    gc.freeze()  # what is there now stays; each look through it is time that answers wait
    try:
        server.run()
    except SystemExit as error:
        raise CommandError(f"cannot listen on {settings.host}:{settings.port}") from error
    finally:
        queue.close()
        database.close()
    return 0
