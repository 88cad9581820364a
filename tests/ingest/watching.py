"""Drive a watch from a test: files are written and handed out in one thread, so nothing races."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from ingest.ledger import Ledger
from ingest.pending import SettledFile
from ingest.settle import SettleTimes
from ingest.watch import WatchNotice, WatchSettings, settled_files

QUICK = SettleTimes(settle_s=0.02, observations=2, quiet_s=0.25, stall_s=0.5)
PATIENCE = 3000
"""Items after which a test gives up: most are notices, which come every 10 ms or slower."""


def quick(*, polling: bool | None, rescan_s: float = 0.1) -> WatchSettings:
    """Settings for a test's patience."""
    return WatchSettings(
        times=QUICK, rescan_s=rescan_s, polling_rescan_s=0.05, notice_s=0.01, polling=polling
    )


class Watching:
    """A watch that is pulled step by step."""

    def __init__(self, root: Path, settings: WatchSettings) -> None:
        self.ledger = Ledger()
        self.stop = threading.Event()
        self.files: list[SettledFile] = []
        self.notices: list[WatchNotice] = []
        self._items: Iterator[SettledFile | WatchNotice] = settled_files(
            root, settings=settings, stop=self.stop, ledger=self.ledger
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self.rest()

    def rest(self) -> list[SettledFile | WatchNotice]:
        """What still comes once it has been told to stop."""
        return list(self._items)

    def pull(self) -> None:
        """Take one item."""
        item = next(self._items)
        if isinstance(item, SettledFile):
            self.files.append(item)
        else:
            self.notices.append(item)

    def until(self, wanted: Callable[[], bool]) -> None:
        """Take items until `wanted`; fails when it does not come true."""
        for _ in range(PATIENCE):
            if wanted():
                return
            self.pull()
        pytest.fail(f"not seen in {PATIENCE} items; files: {self.files}; last: {self.notices[-1:]}")

    def until_files(self, count: int) -> list[SettledFile]:
        """Take items until so many files have been handed out, and return all of them."""
        self.until(lambda: len(self.files) >= count)
        return self.files

    def for_notices(self, count: int) -> None:
        """Let the watch look around that often."""
        goal = len(self.notices) + count
        self.until(lambda: len(self.notices) >= goal)

    def names(self) -> list[str]:
        """Names handed out so far."""
        return [file.path.name for file in self.files]
