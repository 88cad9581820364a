import time
from pathlib import Path

from simulate.delivery import Delivery, Writer


def test_a_split_file_is_half_there_while_the_writer_sleeps(tmp_path: Path) -> None:
    path = tmp_path / "tile.mrc"
    seen: list[int] = []
    writer = Writer(Delivery.SPLIT, 1.0, sleep=lambda _: seen.append(path.stat().st_size))
    writer.write(path, b"x" * 100)
    assert seen == [50]
    assert path.read_bytes() == b"x" * 100


def test_a_renamed_file_leaves_nothing_behind(tmp_path: Path) -> None:
    Writer(Delivery.RENAMED).write(tmp_path / "a" / "tile.mrc", b"data")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["tile.mrc"]


def test_a_file_can_be_dated_into_the_future(tmp_path: Path) -> None:
    Writer(ahead_s=1000.0).write(tmp_path / "tile.mrc", b"data")
    assert (tmp_path / "tile.mrc").stat().st_mtime > time.time() + 500
