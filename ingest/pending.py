"""Keep the files of a watched folder until they settle; hand each out once for each content."""

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.epu import EpuFile, as_text, inspect_file, natural_order
from ingest.ledger import Ledger
from ingest.records import FileRecord, FileState
from ingest.settle import SettleTimes, Signature, WatchedFile

_BATCH = 64
"""Files handed out between two looks at the folder, so that new tiles soon pass the backlog."""


@dataclass(frozen=True, slots=True)
class SettledFile:
    """A file to read now.

    Attributes:
        file: Its meaning.
        path: Where it lies.
        relative: The same from the watched folder, forward slashes: its key in the ledger.
        size: Bytes.
        attempts: How often it has been handed out; it is again after every settled change.
        problem: Why it is not whole although it no longer changes; None when it is whole.
    """

    file: EpuFile
    path: Path
    relative: str
    size: int
    attempts: int
    problem: str | None = None


class PendingFiles:
    """All files seen under one folder, and which of them wait to be handed out."""

    def __init__(self, root: Path, times: SettleTimes, ledger: Ledger) -> None:
        self._root = root
        self._times = times
        self._ledger = ledger
        self._files: dict[Path, WatchedFile] = {}
        self._pending: dict[Path, WatchedFile] = {}

    @property
    def seen(self) -> int:
        """Files under the folder."""
        return len(self._files)

    @property
    def waiting(self) -> int:
        """Files that still grow or wait for their turn, without those reported as broken."""
        return sum(watched.complained != watched.signature for watched in self._pending.values())

    @property
    def next_look_at(self) -> float:
        """When the next file is due, on the monotonic clock; infinity when none is."""
        return min((watched.look_at for watched in self._pending.values()), default=float("inf"))

    def see(
        self, file: EpuFile, path: Path, signature: Signature, *, now: float, live: bool
    ) -> None:
        """Take in an observation of a file, known or new.

        Args:
            file: Its meaning.
            path: Where it lies.
            signature: Size and time of modification.
            now: When, on the monotonic clock; one moment for a whole listing, so that its files
                are due together and come in their natural order.
            live: For a new one: it appeared while watching.
        """
        watched = self._files.get(path)
        if watched is None:
            relative = as_text(path.relative_to(self._root).as_posix())
            look_at = now + self._times.settle_s
            watched = WatchedFile(file, path, relative, live, signature, now, look_at)
            self._files[path] = watched
        else:
            watched.observe(signature, now, self._times)
        if watched.pending and path not in self._pending:
            self._pending[path] = watched
            self._note(watched, FileState.SETTLING)

    def keep_only(self, present: Iterable[Path], unknown: Iterable[Path]) -> None:
        """Forget the files that have gone.

        Args:
            present: Files that are there.
            unknown: Folders that could not be listed: files below them stay.
        """
        gone = self._files.keys() - set(present)
        unlisted = tuple(unknown)
        for path in gone:
            if not any(path.is_relative_to(folder) for folder in unlisted):
                self._forget(path)

    def due(self) -> list[WatchedFile]:
        """What to examine now: a batch, new files before the backlog, each in natural order."""
        now = time.monotonic()
        due = (watched for watched in self._pending.values() if watched.look_at <= now)
        return heapq.nsmallest(
            _BATCH, due, key=lambda watched: (not watched.live, natural_order(watched.file))
        )

    def examine(self, watched: WatchedFile) -> SettledFile | None:
        """Observe a file again: hand it out when it is whole, or when it stays broken."""
        times = self._times
        try:
            status = watched.path.stat()
            watched.observe((status.st_size, status.st_mtime_ns), time.monotonic(), times)
            if not watched.is_steady(times):
                return None
            seen = inspect_file(watched.path)
        except FileNotFoundError:
            self._forget(watched.path)
            return None
        except OSError as error:
            return self._doubt(watched, str(error))
        now = time.monotonic()
        watched.observe((seen.size, seen.mtime_ns), now, times)
        if not watched.is_steady(times):
            return None
        if not watched.may_be_read(seen.completeness, now, times):
            return self._doubt(watched, seen.reason or "incomplete")
        watched.delivered = watched.signature
        del self._pending[watched.path]
        return self._hand_out(watched, None)

    def _doubt(self, watched: WatchedFile, problem: str) -> SettledFile | None:
        """Wait for a file that is not whole; after long enough, say so once."""
        now, times = time.monotonic(), self._times
        if watched.complained == watched.signature:
            watched.look_at = now + times.stall_s
            return None
        if now - watched.changed_at < times.stall_s:
            watched.look_at = now + times.settle_s
            self._note(watched, FileState.WAITING, problem)
            return None
        watched.complained, watched.look_at = watched.signature, now + times.stall_s
        return self._hand_out(watched, problem)

    def _hand_out(self, watched: WatchedFile, problem: str | None) -> SettledFile:
        watched.attempts += 1
        self._note(watched, FileState.SETTLING if problem is None else FileState.FAILED, problem)
        return SettledFile(
            file=watched.file,
            path=watched.path,
            relative=watched.relative,
            size=watched.signature[0],
            attempts=watched.attempts,
            problem=problem,
        )

    def _forget(self, path: Path) -> None:
        watched = self._files.pop(path)
        self._pending.pop(path, None)
        self._ledger.forget(watched.relative)

    def _note(self, watched: WatchedFile, state: FileState, reason: str | None = None) -> None:
        line = FileRecord(
            session_key=watched.file.session,
            path=watched.relative,
            state=state,
            reason=reason,
            size=watched.signature[0],
            attempts=watched.attempts,
        )
        self._ledger.note(line)
