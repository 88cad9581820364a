"""`xcryonet demo`: simulate two grids as EPU would write them, and screen them in the browser."""

import argparse
import tempfile
import webbrowser
from pathlib import Path

from service.commands.errors import CommandError, WrongUseError
from service.commands.options import (
    add_address_arguments,
    add_network_arguments,
    read_settings,
    say,
    stop_on_signals,
)
from service.settings import Settings
from service.stack import check_port_free, find_free_port, make_program, run_stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_address_arguments(parser)
    add_network_arguments(parser)
    parser.add_argument("--no-browser", action="store_true", help="only say the address")
    parser.add_argument("--speed", type=float, help="write tiles at so many times EPU's pace")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other grids (default 1)")


def run(args: argparse.Namespace) -> int:
    """Run the demonstration until stopped; all it made is removed.

    Raises:
        WrongUseError: if it is to run at no pace.
    """
    if args.speed is not None and not args.speed > 0:
        raise WrongUseError(f"--speed: expected more than 0, found {args.speed}")
    settings = _choose_port(read_settings(args), args.port)
    with tempfile.TemporaryDirectory(prefix="xcryonet-demo-", ignore_cleanup_errors=True) as folder:
        epu, data = Path(folder) / "epu", Path(folder) / "data"
        epu.mkdir()
        words = ["simulate", str(epu), "--preset", "demo", "--seed", str(args.seed), "--quiet"]
        if args.speed is not None:
            words += ["--speed", str(args.speed)]
        simulator = make_program("simulator", words, {}, data / "logs", ends=True)
        stop = stop_on_signals()
        say(f"two simulated grids come into {epu}")
        run_stack(
            settings.model_copy(update={"data_dir": data, "database_url": None}),
            epu,
            stop,
            say=say,
            when_up=_say_only if args.no_browser else _open,
            beside=[simulator],
        )
    say("stopped, and what it made is removed")
    return 0


def _choose_port(settings: Settings, asked: int | None) -> Settings:
    """Take another port where the usual one is in use and nobody has asked for it.

    Raises:
        CommandError: if the port that was asked for is in use.
    """
    try:
        check_port_free(settings.host, settings.port)
    except CommandError as refused:
        if asked is not None:
            raise
        try:
            port = find_free_port(settings.host)
        except OSError:
            raise refused from None
        return settings.model_copy(update={"port": port})
    return settings


def _say_only(address: str) -> None:
    say(f"open {address} (Ctrl-C stops everything)")


def _open(address: str) -> None:
    """Open the page, but in no browser that would take over the terminal."""
    _say_only(address)
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    in_terminal = isinstance(browser, webbrowser.GenericBrowser)
    if not in_terminal or isinstance(browser, webbrowser.BackgroundBrowser):
        browser.open(address)
