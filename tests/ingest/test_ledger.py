import pytest

from ingest.ledger import Ledger
from ingest.records import FileRecord, FileState


def line(path: str = "a", state: FileState = FileState.SETTLING) -> FileRecord:
    return FileRecord(session_key="s", path=path, state=state, size=5, attempts=1)


def test_only_changes_are_taken_and_only_once() -> None:
    ledger = Ledger()
    ledger.note(line())
    ledger.note(line())
    assert ledger.take_changes() == (line(),)
    assert ledger.take_changes() == ()
    ledger.note(line())
    assert ledger.take_changes() == ()


def test_of_several_changes_the_last_counts() -> None:
    ledger = Ledger()
    ledger.note(line())
    ledger.mark_waiting("a", "no XML yet")
    ledger.mark_read("a")
    taken = ledger.take_changes()
    assert [(one.state, one.reason) for one in taken] == [(FileState.READ, None)]


def test_a_failure_keeps_its_reason_and_what_was_known() -> None:
    ledger = Ledger()
    ledger.note(line())
    ledger.mark_failed("a", "bad header")
    expected = FileRecord(
        session_key="s", path="a", state=FileState.FAILED, reason="bad header", size=5, attempts=1
    )
    assert ledger.get("a") == expected


def test_a_file_that_has_gone_is_forgotten_and_cannot_be_marked() -> None:
    ledger = Ledger()
    ledger.note(line())
    ledger.forget("a")
    ledger.mark_read("a")
    assert ledger.take_changes() == ()
    assert ledger.size == 0
    with pytest.raises(KeyError):
        ledger.get("a")


def test_changes_are_taken_oldest_first_and_in_portions() -> None:
    ledger = Ledger()
    for path in "abc":
        ledger.note(line(path))
    assert [one.path for one in ledger.take_changes(2)] == ["a", "b"]
    assert [one.path for one in ledger.take_changes(2)] == ["c"]
