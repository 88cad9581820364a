"""The command line `xcryonet`: a table of commands; only the one that runs is imported.

So a machine that has installed one part (`xcryonet[ingest]` on a microscope PC) runs that part's
commands without the packages of the others. A command's module offers `add_arguments(parser)` and
`run(args) -> int`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol, cast

from service.commands.errors import CommandError
from service.lifeline import hold_lifeline
from service.logs import configure_logging

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130

OURS = ("ingest", "migrations", "model", "service", "simulate")


@dataclass(frozen=True)
class Command:
    """A command: what it does, where it is, and the extra that brings the packages it needs."""

    help: str
    module: str
    extra: str


COMMANDS = {
    "run": Command(
        "watch a folder and screen it: everything on this machine",
        "service.commands.run",
        "ingest,model,service",
    ),
    "demo": Command(
        "simulate two grids and screen them in the browser",
        "service.commands.demo",
        "ingest,model,service,simulate",
    ),
    "serve": Command("the web process alone", "service.commands.serve", "service"),
    "worker": Command("a worker alone", "service.commands.worker", "model,service"),
    "ingest": Command("watch a folder for a service elsewhere", "ingest.command", "ingest"),
    "screen": Command(
        "score a folder or an image, without a service", "service.screen", "ingest,model"
    ),
    "migrate": Command("bring the database to this version", "service.commands.migrate", "service"),
    "token": Command("make, list and revoke access tokens", "service.commands.token", "service"),
    "doctor": Command("check this installation", "service.commands.doctor", "service"),
    "simulate": Command("write a simulated EPU session", "simulate.command", "simulate"),
    "dataset": Command(
        "write a data set of simulated squares", "simulate.dataset_command", "simulate"
    ),
    "labels": Command(
        "write what people labelled as a data set", "service.commands.labels", "model,service"
    ),
    "train": Command("train a network", "model.train_command", "model"),
    "evaluate": Command("judge a network against truth", "service.evaluate", "ingest,model"),
    "export": Command(
        "write a grid's ranked squares as a file", "service.commands.export", "service"
    ),
    "benchmark": Command(
        "measure how fast this machine scores", "service.worker_benchmark", "model"
    ),
}


class CommandModule(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; 0 when done, 1 when it failed, 2 for wrong use."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 when done, 1 when it failed, 2 for wrong use, 130 after Ctrl-C.

    Raises:
        ModuleNotFoundError: if a module of ours is missing, which no installation has.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["--lifeline"]:
        hold_lifeline(sys.stdin)
        del words[0]
    if not words or words[0] not in COMMANDS:
        return _complain(words)
    name, command = words[0], COMMANDS[words[0]]
    configure_logging()
    try:
        return _run(name, command, words[1:])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OURS:
            raise
        _say(
            f"xcryonet {name} needs {package}, which is not installed:"
            f" pip install 'xcryonet[{command.extra}]'"
        )
        return FAILED
    except CommandError as error:
        _say(f"xcryonet {name}: {error}")
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(name: str, command: Command, words: list[str]) -> int:
    module = cast("CommandModule", import_module(command.module))
    parser = argparse.ArgumentParser(
        prog=f"xcryonet {name}", description=f"{command.help[0].upper()}{command.help[1:]}."
    )
    module.add_arguments(parser)
    return module.run(parser.parse_args(words))


def _complain(words: list[str]) -> int:
    """Answer --help, --version and what is no command."""
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="xcryonet",
        description="Online quality screening of cryo-EM grid squares.",
        epilog="commands:\n"
        + "\n".join(f"  {name:{width}}  {command.help}" for name, command in COMMANDS.items())
        + "\n\n`xcryonet COMMAND --help` tells a command's arguments.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"xcryonet {_version()}")
    parser.add_argument("command", metavar="COMMAND", help="one of those below", choices=COMMANDS)
    if words:
        parser.parse_args(words[:1])
    parser.print_help(sys.stderr)
    return WRONG_USE


def _version() -> str:
    try:
        return version("xcryonet")
    except PackageNotFoundError:
        return "(not installed)"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
