"""Watch a folder that EPU writes to: an iterator of files that have settled.

Events of the operating system are hints to look; a periodic listing of the folder is the authority.
Files are only ever opened for reading, and no clock is asked but one that only runs forward.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from ingest.epu import Completeness, as_text, classify, inspect_file, natural_order
from ingest.filesystem import find_silent_mount
from ingest.hints import FolderHints
from ingest.ledger import Ledger
from ingest.pending import PendingFiles, SettledFile
from ingest.scan import FolderMissingError, Scan, scan_folder
from ingest.settle import SettleTimes

_log = structlog.get_logger(__name__)
_NAP_S = 0.2  # longest time without a look at `stop`
_CALM_S = 0.05  # a large write raises hundreds of hints: gather them
_LISTING_SHARE = 10  # a listing may take at most a tenth of the time


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How to watch.

    Attributes:
        times: When a file counts as settled.
        rescan_s: Between two listings where events come as well.
        polling_rescan_s: Between two listings where they do not.
        notice_s: At least so often a notice is handed out.
        polling: Whether to do without events; None looks at the kind of file system.
    """

    times: SettleTimes = field(default_factory=SettleTimes)
    rescan_s: float = 5.0
    polling_rescan_s: float = 1.0
    notice_s: float = 1.0
    polling: bool | None = None


class WatchState(StrEnum):
    """Whether the folder can be seen."""

    WATCHING = "watching"
    FOLDER_MISSING = "folder_missing"


@dataclass(frozen=True, slots=True)
class WatchNotice:
    """How the watch stands: after each batch of files, on a change of state, and every so often.

    Attributes:
        state: Whether the folder can be seen.
        reason: Why it cannot, or why events are missing where they were expected.
        polling: True where only listings tell of changes.
        files_seen: EPU files under the folder.
        files_pending: Those that still grow or wait for their turn.
    """

    state: WatchState
    reason: str | None
    polling: bool
    files_seen: int
    files_pending: int


def settled_files(
    root: Path,
    *,
    settings: WatchSettings,
    stop: threading.Event,
    ledger: Ledger | None = None,
) -> Iterator[SettledFile | WatchNotice]:
    """Hand out what is there, then what comes, until `stop` is set.

    New files go before those that were there at the start; both are in natural order. A folder that
    vanishes is waited for, and what changed meanwhile is handed out when it returns.

    Args:
        root: The watched folder: a session's, or one above or below it.
        settings: How to watch.
        stop: Ends the iteration within a fraction of a second.
        ledger: Kept up to date with every file seen.
    """
    watch = _Watch(root, settings, Ledger() if ledger is None else ledger)
    try:
        while not stop.is_set():
            yield from watch.look(stop)
            watch.wait(stop)
    finally:
        watch.close()


def existing_files(root: Path) -> Iterator[SettledFile]:
    """Hand out what is there now, once, in natural order.

    Raises `FolderMissingError` when `root` cannot be listed.
    """
    found = scan_folder(root).files
    for one in sorted(found, key=lambda one: natural_order(one.file)):
        relative = as_text(one.path.relative_to(root).as_posix())
        yield SettledFile(one.file, one.path, relative, one.size, 1, _problem_of(one.path))


def _problem_of(path: Path) -> str | None:
    """Why a file that nobody writes any more is not whole."""
    try:
        seen = inspect_file(path)
    except OSError as error:
        return str(error)
    return seen.reason if seen.completeness is Completeness.PARTIAL else None


class _Watch:
    """The state of one iteration."""

    def __init__(self, root: Path, settings: WatchSettings, ledger: Ledger) -> None:
        self._root = root
        self._settings = settings
        self._files = PendingFiles(root, settings.times, ledger)
        self._wake = threading.Event()
        self._hints = FolderHints(root, self._wake)
        self._state: WatchState | None = None
        self._reason: str | None = None
        self._polling = True
        self._rescan_at = self._notice_at = time.monotonic()

    def look(self, stop: threading.Event) -> Iterator[SettledFile | WatchNotice]:
        """Take in what happened, and hand out what has settled."""
        before = (self._state, self._reason, self._polling)
        self._gather()
        if before != (self._state, self._reason, self._polling):
            yield self._notice()
        handed_out = False
        for watched in self._files.due():
            settled = None if stop.is_set() else self._files.examine(watched)
            if settled is not None:
                handed_out = True
                yield settled
        if handed_out or time.monotonic() >= self._notice_at:
            yield self._notice()

    def wait(self, stop: threading.Event) -> None:
        """Sleep until there is something to do, or for a moment."""
        until = min(self._rescan_at, self._notice_at, self._files.next_look_at)
        if self._wake.wait(min(max(until - time.monotonic(), 0.001), _NAP_S)):
            stop.wait(min(_CALM_S, self._settings.times.settle_s))
            self._wake.clear()

    def close(self) -> None:
        """Stop listening."""
        self._hints.close()

    def _notice(self) -> WatchNotice:
        self._notice_at = time.monotonic() + self._settings.notice_s
        state = self._state or WatchState.WATCHING
        return WatchNotice(
            state, self._reason, self._polling, self._files.seen, self._files.waiting
        )

    def _gather(self) -> None:
        """Follow the hints, or list the folder when it is time to."""
        hints = self._hints.take()
        if hints.rescan or time.monotonic() >= self._rescan_at:
            self._rescan()
            return
        now = time.monotonic()
        for path in hints.paths:
            file = classify(self._root, path)
            if file is None:
                continue
            try:
                status = path.stat()
            except OSError:
                continue  # gone again, or for the next listing to find
            signature = (status.st_size, status.st_mtime_ns)
            self._files.see(file, path, signature, now=now, live=True)

    def _rescan(self) -> None:
        """List the folder, and make sure that events come in."""
        start = time.monotonic()
        try:
            self._take_in(self._listing())
        except FolderMissingError as error:
            self._lose(str(error))
        else:
            self._listen()
        settings = self._settings
        took = time.monotonic() - start
        pause = settings.polling_rescan_s if self._polling else settings.rescan_s
        self._rescan_at = start + took + max(pause, took * _LISTING_SHARE)

    def _listing(self) -> Scan:
        """What the folder holds.

        Raises:
            FolderMissingError: It cannot be listed, or has become empty as an unmounted share does.
        """
        scan = scan_folder(self._root)
        if scan.empty and self._files.seen:
            raise FolderMissingError(f"{self._root} is empty now: is the share mounted?")
        return scan

    def _take_in(self, scan: Scan) -> None:
        live, now = self._state is not None, time.monotonic()
        for found in scan.files:
            signature = (found.size, found.mtime_ns)
            self._files.see(found.file, found.path, signature, now=now, live=live)
        self._files.keep_only((found.path for found in scan.files), scan.unreadable)

    def _lose(self, reason: str) -> None:
        """The folder cannot be seen: keep what is known of it."""
        if self._state is not WatchState.FOLDER_MISSING:
            _log.warning("watched folder is missing", folder=str(self._root), reason=reason)
        self._state, self._reason, self._polling = WatchState.FOLDER_MISSING, reason, True
        self._hints.close()

    def _listen(self) -> None:
        """Have events come in, where they can be trusted."""
        if self._state is not WatchState.WATCHING:
            _log.info("watching folder", folder=str(self._root))
        self._state, self._reason, self._polling = WatchState.WATCHING, None, True
        asked = self._settings.polling
        if find_silent_mount(self._root) is not None if asked is None else asked:
            self._hints.close()
            return
        try:
            self._hints.ensure()
        except OSError as error:
            self._reason = f"no file events, listing instead: {error}"
        else:
            self._polling = False
