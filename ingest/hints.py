"""Collect hints from the operating system that something changed: never facts, only hints."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

_MAX_PATHS = 10_000
_WANTED: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
_JOIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Hints:
    """What has come in since the last look.

    Attributes:
        paths: Files worth a look.
        rescan: A folder appeared, or too much happened to list: look at everything.
    """

    paths: frozenset[Path]
    rescan: bool


class FolderHints:
    """A supervised observer: `ensure`, called now and then, starts it again when it has died."""

    def __init__(self, root: Path, wake: threading.Event) -> None:
        """Observe nothing yet.

        Args:
            root: The watched folder.
            wake: Set whenever a hint comes in.
        """
        self._root = root
        self._inbox = _Inbox(wake)
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None

    def ensure(self) -> None:
        """Start observing, again if the observer died or another folder took the root's place.

        Raises OSError when the system refuses: no such folder, or no more watches to give.
        """
        status = self._root.stat()
        identity = (status.st_dev, status.st_ino)
        if (
            self._observer is not None
            and self._is_alive(self._observer)
            and identity == self._identity
        ):
            return
        self.close()
        observer = Observer()
        observer.schedule(self._inbox, str(self._root), recursive=True, event_filter=_WANTED)
        observer.start()
        self._observer, self._identity = observer, identity
        self._inbox.ask_for_rescan()  # what happened in between went unseen

    def take(self) -> Hints:
        """The hints since the last call."""
        return self._inbox.take()

    def close(self) -> None:
        """Stop observing."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(_JOIN_S)

    @staticmethod
    def _is_alive(observer: BaseObserver) -> bool:
        return observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)


class _Inbox(FileSystemEventHandler):
    """Where watchdog's thread puts events down; bounded."""

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._paths: set[Path] = set()
        self._rescan = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Keep the path that the event leaves behind."""
        self.keep(Path(os.fsdecode(event.dest_path or event.src_path)), rescan=event.is_directory)

    def keep(self, path: Path, *, rescan: bool) -> None:
        """Put one path down; too many become a request for a listing."""
        with self._lock:
            self._paths.add(path)
            self._rescan = self._rescan or rescan
            if len(self._paths) > _MAX_PATHS:
                self._paths.clear()
                self._rescan = True
        self._wake.set()

    def ask_for_rescan(self) -> None:
        """Have everything looked at."""
        with self._lock:
            self._rescan = True
        self._wake.set()

    def take(self) -> Hints:
        """Empty the box."""
        with self._lock:
            hints = Hints(frozenset(self._paths), self._rescan)
            self._paths, self._rescan = set(), False
        return hints
