from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ingest.records import SquareSet
from service.blobs import BlobStore
from service.database import Database
from service.queries.square_sets import replace_squares
from service.settings import Settings
from service.sweep import sweep
from tests.service.examples import (
    KEY,
    make_png,
    make_square,
    put_atlas,
    put_blob,
    put_squares,
    put_tile,
    register,
    score,
)

AT_ONCE = timedelta(seconds=-1)


class BusyDatabase(Database):
    """A database in which something happens just before each writing transaction."""

    def __init__(self, url: str, happens: Callable[[], object]) -> None:
        super().__init__(url)
        self._happens = happens

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._happens()
        with super().write() as session:
            yield session


def test_pictures_that_nothing_shows_go_with_their_files_and_all_others_stay(
    client: TestClient, database: Database, settings: Settings
) -> None:
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    register(database)
    put_atlas(client)
    large = settings.blob_row_bytes
    crop, thumbnail = (
        put_blob(client, make_png(grey=1, padding=large)),
        put_blob(client, make_png()),
    )
    shown = put_blob(client, make_png(grey=2))
    useless = [put_blob(client, make_png(grey=grey, padding=large)) for grey in (7, 8)]
    useless.append(put_blob(client, make_png(grey=9)))
    put_tile(client, images=[shown])
    (square,) = put_squares(
        client,
        [make_square(0, 0, crop_sha256=crop, crop_full_scale=400, thumbnail_sha256=thumbnail)],
    )
    score(database, {square: 3.0}, attention=make_png(grey=4))

    assert sweep(database, blobs, timedelta(hours=1)) == 0
    assert sweep(database, blobs, AT_ONCE) == len(useless)

    asked = {"sha256": [crop, thumbnail, shown, *useless]}
    assert client.post("/api/v1/blobs/missing", json=asked).json()["missing"] == useless
    assert [path.name for path in settings.blob_dir.glob("*/*")] == [crop]
    assert client.get(f"/api/v1/squares/{square}/attention/cracking").status_code == 200


def test_an_old_picture_that_is_named_while_a_sweep_runs_stays(
    client: TestClient, database_url: str, settings: Settings
) -> None:
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    crop, image, useless = (put_blob(client, make_png(grey=grey)) for grey in (1, 2, 3))

    def name_them() -> None:
        put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
        put_tile(client, images=[image])

    busy = BusyDatabase(database_url, name_them)
    removed = sweep(busy, blobs, AT_ONCE)
    busy.close()

    asked = {"sha256": [crop, image, useless]}
    assert client.post("/api/v1/blobs/missing", json=asked).json()["missing"] == [useless]
    assert removed == 1


def test_a_sweep_waits_for_who_is_naming_a_picture_and_leaves_it(
    client: TestClient, database: Database, settings: Settings
) -> None:
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    register(database)
    put_atlas(client)
    put_tile(client)
    crop = put_blob(client, make_png(grey=1))
    squares = (make_square(0, 0, crop_sha256=crop, crop_full_scale=400),)
    record = SquareSet(atlas=KEY, match_radius_um=20, squares=squares)

    with ThreadPoolExecutor(1) as other:
        with database.write() as db:
            replace_squares(db, record, "ingest")
            removed = other.submit(sweep, database, blobs, AT_ONCE)
            assert not wait([removed], timeout=0.5).done
        assert removed.result(timeout=30) == 0

    asked = {"sha256": [crop]}
    assert client.post("/api/v1/blobs/missing", json=asked).json()["missing"] == []


def test_files_that_a_crash_left_behind_go_once_they_are_old(
    database: Database, settings: Settings
) -> None:
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    half, whole = blobs.path("ab" * 32), blobs.path("ab" + "cd" * 31)
    half.parent.mkdir(parents=True)
    half.with_name(".new-x").write_bytes(b"half")
    whole.write_bytes(b"whole, but its row was never committed")

    assert sweep(database, blobs, timedelta(hours=1)) == 0
    assert sweep(database, blobs, AT_ONCE) == 2
    assert list(settings.blob_dir.glob("*/*")) == []
