"""`xcryonet run`: watch a folder and screen it, everything on this machine."""

import argparse
from pathlib import Path

from service.commands.options import (
    add_address_arguments,
    add_database_arguments,
    add_network_arguments,
    read_settings,
    say,
    stop_on_signals,
)
from service.stack import run_stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--watch", type=Path, required=True, metavar="DIR", help="folder of EPU's session folders"
    )
    add_database_arguments(parser)
    add_address_arguments(parser)
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run everything until stopped."""
    settings = read_settings(args)
    watch: Path = args.watch.absolute()
    stop = stop_on_signals()
    say(f"watching {watch}{'' if watch.is_dir() else ' (not there yet)'}")
    say(f"data in {settings.data_dir.absolute()}, logs in its folder logs")
    run_stack(
        settings,
        watch,
        stop,
        say=say,
        when_up=lambda address: say(f"open {address} (Ctrl-C stops everything)"),
    )
    say("stopped")
    return 0
