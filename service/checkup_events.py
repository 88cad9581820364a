"""Whether the watched folder's file system tells what changes in it."""

import tempfile
import threading
import time
from pathlib import Path

from ingest.filesystem import find_silent_mount
from ingest.hints import FolderHints
from service.checkup import Finding, Health

PROBE_S = 3.0
"""How long an event may take."""


def check_events(folder: Path) -> Finding:
    """Look what kind of file system the folder is on; nothing is written."""
    mount = find_silent_mount(folder)
    if mount is None:
        return Finding("file events", Health.OK, "local file system: events are used, and rescans")
    detail = f"{mount.point} is {mount.kind}: what other machines write raises no event; polling"
    return Finding("file events", Health.OK, detail)


def probe_events(folder: Path) -> Finding:
    """Write a file into the folder, wait for its event, and remove it."""
    wake = threading.Event()
    hints = FolderHints(folder, wake)
    try:
        hints.ensure()
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".xcryonet-doctor-") as file:
            came = _comes(hints, wake, Path(file.name))
    except OSError as error:
        return Finding("event probe", Health.WARNING, f"{folder}: cannot be written: {error}")
    finally:
        hints.close()
    if came:
        return Finding("event probe", Health.OK, "a file written from here raised an event")
    return Finding(
        "event probe", Health.WARNING, f"no event within {PROBE_S:.0f} s: give ingest --polling"
    )


def _comes(hints: FolderHints, wake: threading.Event, path: Path) -> bool:
    """Wait for the event of one file among those of others."""
    end_s = time.monotonic() + PROBE_S
    while (left_s := end_s - time.monotonic()) > 0:
        wake.wait(left_s)
        wake.clear()
        if path in hints.take().paths:
            return True
    return False
