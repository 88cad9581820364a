"""Keep the ledger: one line for every file that ingest has seen, and what became of it."""

from ingest.records import FileRecord, FileState


class Ledger:
    """The files seen so far. Bounded by the number of EPU files that exist; used by one thread."""

    def __init__(self) -> None:
        self._lines: dict[str, FileRecord] = {}
        self._changed: dict[str, None] = {}

    @property
    def size(self) -> int:
        """Number of files."""
        return len(self._lines)

    def get(self, path: str) -> FileRecord:
        """The line of a file; KeyError when it was never seen or has gone."""
        return self._lines[path]

    def note(self, line: FileRecord) -> None:
        """Write a file's line; an equal one is no change."""
        if self._lines.get(line.path) != line:
            self._lines[line.path] = line
            self._changed[line.path] = None

    def mark_read(self, path: str) -> None:
        """The caller has used the file."""
        self._mark(path, FileState.READ, None)

    def mark_waiting(self, path: str, reason: str) -> None:
        """The caller keeps the file until something else arrives."""
        self._mark(path, FileState.WAITING, reason)

    def mark_failed(self, path: str, reason: str) -> None:
        """The caller cannot use the file."""
        self._mark(path, FileState.FAILED, reason)

    def forget(self, path: str) -> None:
        """The file has gone."""
        self._lines.pop(path, None)
        self._changed.pop(path, None)

    def take_changes(self, limit: int = 1000) -> tuple[FileRecord, ...]:
        """Lines that changed since they were last taken, the oldest change first."""
        paths = list(self._changed)[:limit]
        for path in paths:
            del self._changed[path]
        return tuple(self._lines[path] for path in paths)

    def _mark(self, path: str, state: FileState, reason: str | None) -> None:
        line = self._lines.get(path)
        if line is not None:  # it may have gone while it was being read
            self.note(line.model_copy(update={"state": state, "reason": reason}))
