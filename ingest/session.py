"""The watch loop's body: files into the pipeline, ledger and signs of life to the service."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from ingest.epu import as_text
from ingest.ledger import Ledger
from ingest.pending import SettledFile
from ingest.pipeline import Pipeline, Taken
from ingest.records import FileRecord, FileState, IngestRecord
from ingest.sink import Sink
from ingest.upload import RejectedRecord, UploadStoppedError
from ingest.watch import WatchNotice, WatchState

LEDGER_BATCH = 500
RETRY_S = 5.0
BACKLOG_PATIENCE_S = 10.0

log = structlog.get_logger(__name__)


@dataclass
class Backlog:
    """Whether the files that were there at the start have been read.

    It counts as done when nothing is pending, or when that has not become less for a while: a file
    that is being written while ingest starts holds up nobody.
    """

    done: bool = False
    _fewest: int | None = None
    _since: float = 0.0

    def look(self, pending: int) -> None:
        """Take note of how many files wait."""
        now = time.monotonic()
        if self._fewest is None or pending < self._fewest:
            self._fewest, self._since = pending, now
        self.done = self.done or pending == 0 or now - self._since > BACKLOG_PATIENCE_S


class Reporter(Sink, Protocol):
    """A sink that also takes the ledger and signs of life."""

    def put_files(self, records: Sequence[FileRecord]) -> None:
        """Keep lines of the ledger."""

    def put_ingester(self, record: IngestRecord) -> None:
        """Keep a sign of life."""


class IngestLoop:
    """What happens with each thing that the watch hands out."""

    def __init__(self, name: str, root: Path, reporter: Reporter) -> None:
        self.ledger = Ledger()
        self._name = name
        self._root = root
        self._reporter = reporter
        self._pipeline = Pipeline(reporter)
        self._backlog = Backlog()
        self._retry_at = 0.0

    def take(self, item: SettledFile | WatchNotice) -> None:
        """Take a file in, or say how things stand.

        Raises:
            UploadStoppedError: the process is to end.
        """
        try:
            if isinstance(item, SettledFile):
                self._take_file(item)
            else:
                self._settle(item)
                self._report(item)
        except UploadStoppedError:
            raise
        except Exception as error:
            log.exception("ingest failed on one item, and goes on", item=_name(item))
            self._retry_at = time.monotonic() + RETRY_S
            if isinstance(item, SettledFile):
                self.ledger.mark_failed(item.relative, f"{type(error).__name__}: {error}")

    def _take_file(self, item: SettledFile) -> None:
        taken = self._pipeline.take(item.file, item.path, item.problem)
        beside = self._pipeline.paths_beside(item.file) if taken.state is FileState.READ else []
        self._mark([item.path, *beside], taken)

    def _mark(self, paths: Sequence[Path], taken: Taken) -> None:
        for path in paths:
            relative = as_text(path.relative_to(self._root).as_posix())
            match taken.state:
                case FileState.READ:
                    self.ledger.mark_read(relative)
                case FileState.FAILED:
                    self.ledger.mark_failed(relative, taken.reason or "")
                case _:
                    self.ledger.mark_waiting(relative, taken.reason or "")

    def _settle(self, notice: WatchNotice) -> None:
        """Send what is new, once what was there at the start has been read.

        Before that a part of an atlas would take the place of the whole that the service knows.
        """
        if notice.state is WatchState.WATCHING:
            self._backlog.look(notice.files_pending)
        if not self._backlog.done or time.monotonic() < self._retry_at:
            return
        news = self._pipeline.news()
        for paths, taken in self._pipeline.take_late():
            self._mark(paths, taken)
        for key in news:
            try:
                self._pipeline.send(key)
            except RejectedRecord:
                log.exception("the service refused a record", atlas=key.model_dump())
                self._pipeline.send_all_again(key)
                self._retry_at = time.monotonic() + RETRY_S

    def _report(self, notice: WatchNotice) -> None:
        while lines := self.ledger.take_changes(LEDGER_BATCH):
            self._reporter.put_files(lines)
        self._reporter.put_ingester(
            IngestRecord(
                name=self._name,
                watching=str(self._root),
                state=notice.state.value,
                reason=notice.reason,
                polling=notice.polling,
                files_seen=notice.files_seen,
                files_pending=notice.files_pending,
            )
        )


def _name(item: SettledFile | WatchNotice) -> str:
    return item.relative if isinstance(item, SettledFile) else "notice"
