import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.hints import FolderHints, Hints

PATIENCE_S = 10.0


class Listening:
    """Hints of one folder, waited for."""

    def __init__(self, root: Path) -> None:
        self.wake = threading.Event()
        self.hints = FolderHints(root, self.wake)

    def until(self, wanted: Callable[[Hints], bool]) -> Hints:
        """Wait for a hint; fails when it does not come."""
        while self.wake.wait(PATIENCE_S):
            self.wake.clear()
            found = self.hints.take()
            if wanted(found):
                return found
        pytest.fail("the hint did not come")


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    root = tmp_path / "root"
    root.mkdir()
    listening = Listening(root)
    listening.hints.ensure()
    assert listening.hints.take().rescan  # what happened before went unseen
    yield listening
    listening.hints.close()


def test_a_written_file_is_hinted(listening: Listening, tmp_path: Path) -> None:
    path = tmp_path / "root" / "a.mrc"
    path.write_bytes(b"1")
    listening.until(lambda hints: path in hints.paths)


def test_a_renamed_file_is_hinted_by_its_new_name(listening: Listening, tmp_path: Path) -> None:
    temporary, path = tmp_path / "root" / ".a.part", tmp_path / "root" / "a.mrc"
    temporary.write_bytes(b"1")
    temporary.rename(path)
    listening.until(lambda hints: path in hints.paths)


def test_a_file_moved_in_from_elsewhere_is_hinted(listening: Listening, tmp_path: Path) -> None:
    outside, path = tmp_path / "a.mrc", tmp_path / "root" / "a.mrc"
    outside.write_bytes(b"1")
    outside.rename(path)
    listening.until(lambda hints: path in hints.paths)


def test_a_folder_that_appears_asks_for_a_listing(listening: Listening, tmp_path: Path) -> None:
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tmp_path / "outside").rename(tmp_path / "root" / "inside")
    listening.until(lambda hints: hints.rescan)


def test_too_many_hints_become_one_listing(listening: Listening) -> None:
    inbox = listening.hints._inbox
    for number in range(10_001):
        inbox.keep(Path(f"/x/{number}"), rescan=False)
    assert listening.hints.take() == Hints(frozenset(), rescan=True)


def test_reading_a_file_is_no_hint(listening: Listening, tmp_path: Path) -> None:
    path, first, second = (tmp_path / "root" / name for name in "abc")
    path.write_bytes(b"1")
    first.touch()
    listening.until(lambda hints: first in hints.paths)  # all events of `path` came before
    path.read_bytes()
    second.touch()
    seen: set[Path] = set()

    def has_second(hints: Hints) -> bool:
        seen.update(hints.paths)
        return second in hints.paths

    listening.until(has_second)
    assert path not in seen


def test_a_folder_that_was_replaced_is_listened_to_again(
    listening: Listening, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    (tmp_path / "new").mkdir()
    shutil.rmtree(root)
    (tmp_path / "new").rename(root)
    listening.hints.ensure()
    path = root / "a.mrc"
    path.write_bytes(b"1")
    listening.until(lambda hints: path in hints.paths)


def test_a_missing_folder_is_the_system_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FolderHints(tmp_path / "nowhere", threading.Event()).ensure()
