"""`xcryonet doctor`: check this installation, and say what is wrong with it."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from service.checkup import (
    Finding,
    Health,
    check_data_folder,
    check_database,
    check_device,
    check_packages,
    check_watch_folder,
)
from service.commands.options import (
    add_database_arguments,
    add_network_arguments,
    read_settings,
    say,
)
from service.settings import Settings

FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--watch", type=Path, metavar="DIR", help="check EPU's folder as well")
    parser.add_argument(
        "--probe",
        action="store_true",
        help="try file events: writes a file into the watched folder and removes it",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_database_arguments(parser)
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Check everything; 1 when something does not work."""
    findings = list(_check(read_settings(args), args))
    if args.json:
        say(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            say(f"{finding.health:7}  {finding.name:22}  {finding.detail}")
    return FAILED if any(finding.health is Health.FAILED for finding in findings) else 0


def _check(settings: Settings, args: argparse.Namespace) -> Iterator[Finding]:
    yield from check_packages()
    yield check_device()
    yield _check_network(settings)
    yield check_data_folder(settings.data_dir)
    yield check_database(settings)
    if args.watch is not None:
        yield from _check_watch(args.watch, probe=args.probe)


def _check_network(settings: Settings) -> Finding:
    """Look at the weights, where the packages for it are installed."""
    try:
        check: Finding = import_module("service.worker_checkup").check_network(settings)
    except ModuleNotFoundError as error:
        return Finding("network", Health.WARNING, f"no {error.name}: this machine cannot score")
    return check


def _check_watch(folder: Path, *, probe: bool) -> Iterator[Finding]:
    """Look at the watched folder, where the packages for watching are installed."""
    found = check_watch_folder(folder)
    yield found
    if found.health is Health.FAILED:
        return
    try:
        events = import_module("service.checkup_events")
    except ModuleNotFoundError as error:
        yield Finding("file events", Health.WARNING, f"no {error.name}: nothing can be watched")
        return
    yield events.check_events(folder)
    if probe:
        yield events.probe_events(folder)
