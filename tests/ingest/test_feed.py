from dataclasses import dataclass
from pathlib import Path
from weakref import ref

import numpy as np
import pytest

from ingest.epu import read_atlas_dm
from ingest.feed import AtlasFeed
from ingest.records import AtlasKey, SquareSet, TileRecord, TileState
from ingest.tile_files import TileFiles
from tests.ingest.epu_files import SESSION, atlas_folder, tile_name
from tests.ingest.folders import ATLAS_ID, SITES, RecordingSink, write_atlas, write_tile

KEY = AtlasKey(session_key=SESSION, sample=1, epu_atlas_id=ATLAS_ID)


class ServiceIsDownError(Exception):
    """What a sink raises that could not keep a record."""


@dataclass
class StrictSink(RecordingSink):
    """Keeps a record only when the bytes that it names are there; can be down."""

    down: bool = False

    def put_tile(self, record: TileRecord) -> None:
        assert set(record.images) <= set(self.blobs)
        super().put_tile(record)

    def put_squares(self, record: SquareSet) -> None:
        if self.down:
            raise ServiceIsDownError
        named = {s.crop_sha256 for s in record.squares} | {
            s.thumbnail_sha256 for s in record.squares
        }
        assert named - {None} <= set(self.blobs)
        super().put_squares(record)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = atlas_folder(tmp_path_factory.mktemp("epu"))
    for index in (0, 1):
        write_tile(folder, index)
    return folder


def feed_of(folder: Path, sink: RecordingSink, *indices: int) -> AtlasFeed:
    feed = AtlasFeed(KEY, sink)
    for index in indices:
        add(feed, folder, index)
    return feed


def add(feed: AtlasFeed, folder: Path, index: int) -> None:
    name = tile_name(index)
    paths = {suffix: folder / f"{name}.{suffix}" for suffix in ("mrc", "xml", "jpg")}
    feed.files[name] = TileFiles(name, int(name.split("_")[1]), index, paths)
    feed.refresh_tile(name, accept_preview=False)


def test_bytes_are_sent_before_the_records_that_name_them(folder: Path) -> None:
    sink = StrictSink()

    feed_of(folder, sink, 0, 1).send()

    assert len(sink.squares[KEY].squares) > 8
    assert all(s.crop_sha256 for s in sink.squares[KEY].squares)
    assert all(t.images for t in sink.tiles.values())


def test_a_new_tile_does_not_send_again_what_it_does_not_change(folder: Path) -> None:
    sink = StrictSink()
    feed = feed_of(folder, sink, 0)
    feed.send()
    first_tile, crops = sink.tiles[tile_name(0)], set(sink.blobs)
    sink.sent.clear()

    add(feed, folder, 1)
    feed.send()

    assert sink.tiles[tile_name(0)] == first_tile
    assert f"tile {tile_name(0)}" not in sink.sent
    kept = {s.crop_sha256 for s in sink.squares[KEY].squares} & crops
    assert kept


def test_what_the_sink_could_not_keep_is_sent_with_the_next_survey(folder: Path) -> None:
    sink = StrictSink(down=True)
    feed = feed_of(folder, sink, 0)
    with pytest.raises(ServiceIsDownError):
        feed.send()

    sink.down = False
    feed.send()

    assert sink.squares[KEY].squares
    assert sink.tiles[tile_name(0)].images


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    write_atlas(root)
    return atlas_folder(root)


def finished(folder: Path, sink: RecordingSink) -> AtlasFeed:
    feed = feed_of(folder, sink, *range(len(SITES)))
    feed.dm = read_atlas_dm(folder / "Atlas.dm")
    return feed


def test_a_finished_atlas_leaves_memory_and_says_the_same(whole: Path) -> None:
    sink = StrictSink()
    feed = finished(whole, sink)
    before = feed.survey()
    held = [ref(tile.pixels) for tile in before.mosaic.tiles.values()]

    feed.send()
    after = feed.survey()

    assert sink.atlases[KEY].complete
    assert after.squares == before.squares
    assert len(after.squares) > 8
    for name, tile in before.mosaic.tiles.items():
        np.testing.assert_array_equal(after.mosaic.tiles[name].pixels, tile.pixels)
    del before, tile
    assert not any(pixels() is not None for pixels in held)


def test_where_a_finished_atlas_cannot_be_put_aside_it_stays_in_memory(
    whole: Path,
) -> None:
    sink = StrictSink()
    feed = finished(whole, sink)
    feed.aside = whole / "not there"

    feed.send()

    assert sink.atlases[KEY].complete
    assert len(feed.survey().squares) > 8


def test_an_atlas_whose_only_tile_is_unreadable_has_that_tile_and_no_squares(
    folder: Path,
) -> None:
    sink = StrictSink()
    feed = AtlasFeed(KEY, sink)
    name = tile_name(0)
    feed.files[name] = TileFiles(name, 507, 0, {"mrc": folder / "not there.mrc"})

    problem = feed.refresh_tile(name, accept_preview=False)
    feed.send()

    assert problem is not None
    assert sink.tiles[name].state is TileState.FAILED
    assert sink.squares == {}


def test_a_tile_that_was_read_stays_when_its_files_go(folder: Path) -> None:
    sink = StrictSink()
    feed = feed_of(folder, sink, 0)

    feed.drop_tile(tile_name(0), "gone")
    feed.send()

    assert sink.tiles[tile_name(0)].state is TileState.PLACED
