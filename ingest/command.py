"""`xcryonet ingest`: watch a folder and tell a service, here or elsewhere, what comes into it."""

import argparse
import signal
import socket
import sys
import threading
from pathlib import Path

import httpx2
import structlog
from pydantic import ValidationError

from ingest.heap import return_large_arrays
from ingest.session import IngestLoop
from ingest.settings import IngestSettings
from ingest.upload import ServiceClient, UploadStoppedError
from ingest.watch import WatchSettings, settled_files

WRONG_USE = 2

log = structlog.get_logger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--watch", type=Path, metavar="DIR", help="EPU's folder; only read")
    parser.add_argument("--url", help="the service (default http://127.0.0.1:8000)")
    parser.add_argument("--token", help="better given as XCRYONET_TOKEN: arguments can be seen")
    parser.add_argument("--name", help="name of this ingest (default: the machine's)")
    parser.add_argument(
        "--polling", action="store_true", default=None, help="do without file events"
    )


def run(args: argparse.Namespace) -> int:
    """Watch until stopped; 2 when it was not said what to watch, or for which service."""
    names = ("watch", "url", "token", "name", "polling")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    try:
        settings = IngestSettings(**given)
    except ValidationError as error:
        return _complain(
            "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        )
    if settings.watch is None:
        return _complain("expected --watch DIR or XCRYONET_WATCH, found neither")
    token = settings.token.get_secret_value()
    if not token:
        return _complain(
            "expected a token in XCRYONET_TOKEN or --token, found none; `xcryonet token create NAME"
            " --scopes ingest` makes one where the service runs"
        )
    try:
        ServiceClient(settings.url, token).close()
    except (ValueError, httpx2.InvalidURL) as error:
        return _complain(str(error))
    return_large_arrays()
    watch_folder(settings, settings.watch, _stop_on_signals())
    return 0


def _complain(text: str) -> int:
    sys.stderr.write(f"xcryonet ingest: {text}\n")
    return WRONG_USE


def watch_folder(settings: IngestSettings, root: Path, stop: threading.Event) -> None:
    """Take in a folder until `stop` is set; whatever goes wrong with a file, the rest goes on."""
    name = settings.name or socket.gethostname()
    client = ServiceClient(settings.url, settings.token.get_secret_value(), stop=stop)
    loop = IngestLoop(name, root, client)
    watch = WatchSettings(polling=settings.polling)
    try:
        for item in settled_files(root, settings=watch, stop=stop, ledger=loop.ledger):
            loop.take(item)
    except UploadStoppedError:
        log.info("stopped while the service was out of reach")
    finally:
        client.close()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
