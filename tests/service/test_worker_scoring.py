"""A tile's job: crops from the store, scores into the tables, with a network made of one line."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from starlette.testclient import TestClient

from model.predict import SquareScore, Status
from model.preprocess import Crop
from service.blobs import BlobStore
from service.database import Database
from service.patience import is_passing
from service.queries.jobs import StartedJob
from service.settings import Settings
from service.stored_crops import BadCropError, decode_crop
from service.tables import JobKind, SquareStatus
from service.worker_scoring import ScoreWork, encode_map
from tests.service.examples import (
    MODEL,
    get_squares,
    list_requests,
    make_png,
    make_square,
    put_atlas,
    put_blob,
    put_squares,
    register,
)


class GreyNetwork:
    """Gives each square its crop's mean grey over 100, and does something else before if asked."""

    def __init__(self, model_id: str = MODEL, before: Callable[[], object] = lambda: None) -> None:
        self.model_id = model_id
        self.batches: list[int] = []
        self._before = before

    def score(self, crops: Sequence[Crop]) -> Sequence[SquareScore]:
        self._before()
        self.batches.append(len(crops))
        spread = np.full((80, 80), 7, np.uint8)
        return [
            SquareScore(
                Status.SCORED,
                "grey",
                *[float(crop.pixels.mean()) / 100] * 5,
                *[0.1] * 5,
                attention_cracking=spread,
                attention_contamination=spread,
            )
            for crop in crops
        ]


@pytest.fixture
def blobs(settings: Settings) -> BlobStore:
    return BlobStore(settings.blob_dir, settings.blob_row_bytes)


def make_work(
    database: Database, blobs: BlobStore, network: GreyNetwork, *others: GreyNetwork
) -> ScoreWork:
    by_id = {other.model_id: other for other in others}
    return ScoreWork(database, blobs, network, load=by_id.__getitem__, device="cpu")


def make_job(database: Database) -> StartedJob:
    """Make the job of the only tile with squares to score."""
    (request,) = list_requests(database)
    return StartedJob(request.job_id, JobKind.SCORE, request.tile_id, 1, 0)


def put_greys(client: TestClient, *greys: int) -> None:
    """Put squares 100 um apart, each with a crop of one grey."""
    put_atlas(client)
    crops = [put_blob(client, make_png(640, 640, grey)) for grey in greys]
    squares = [
        make_square(100 * n, 0, crop_sha256=crop, crop_full_scale=400)
        for n, crop in enumerate(crops)
    ]
    put_squares(client, squares)


def test_the_squares_of_a_tile_are_scored_in_one_batch_with_maps(
    client: TestClient, database: Database, blobs: BlobStore
) -> None:
    register(database)
    put_greys(client, 100, 200, 300 % 256)
    network = GreyNetwork()

    make_work(database, blobs, network).do(make_job(database))

    squares = get_squares(client)
    assert network.batches == [3]
    assert [square.overall for square in squares] == [2.0, 1.0, 0.44]
    assert [square.overall_sd for square in squares] == [0.1] * 3
    assert {square.status for square in squares} == {SquareStatus.SCORED}
    answer = client.get(f"/api/v1/squares/{squares[0].id}/attention/cracking")
    assert answer.content == encode_map(np.full((80, 80), 7, np.uint8))
    assert list_requests(database) == []


def test_a_crop_that_is_no_crop_fails_alone_and_says_why(
    client: TestClient, database: Database, blobs: BlobStore
) -> None:
    register(database)
    put_atlas(client)
    good, small = make_png(640, 640), make_png(64, 64)
    cut = make_png(640, 640, grey=3)[:60]
    squares = [
        make_square(100 * n, 0, crop_sha256=put_blob(client, data), crop_full_scale=400)
        for n, data in enumerate((good, small, cut))
    ]
    put_squares(client, squares)

    make_work(database, blobs, GreyNetwork()).do(make_job(database))

    by_place = {square.center_x_px: square for square in get_squares(client)}
    assert by_place[0].status is SquareStatus.SCORED
    assert by_place[100].status is SquareStatus.FAILED
    assert "expected 640 x 640 uint8, found 64 x 64" in str(by_place[100].reason)
    assert by_place[200].status is SquareStatus.FAILED
    assert "60 bytes are no image that can be decoded" in str(by_place[200].reason)
    assert list_requests(database) == []


def test_pictures_that_are_all_away_fail_no_square(
    client: TestClient, database: Database, settings: Settings
) -> None:
    register(database)
    put_atlas(client)
    crop = put_blob(client, make_png(640, 640, padding=settings.blob_row_bytes))
    put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    blobs.folder.rename(blobs.folder.with_name("unmounted"))

    with pytest.raises(OSError, match="is the share mounted") as raised:
        make_work(database, blobs, GreyNetwork()).do(make_job(database))

    assert is_passing(raised.value)
    (square,) = get_squares(client)
    assert square.status is SquareStatus.WAITING


def test_a_lost_file_fails_its_square(
    client: TestClient, database: Database, settings: Settings
) -> None:
    register(database)
    put_atlas(client)
    data = make_png(640, 640, padding=settings.blob_row_bytes)
    crop = put_blob(client, data)
    put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
    put_blob(client, make_png(640, 640, grey=1, padding=settings.blob_row_bytes))
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    blobs.path(crop).unlink()

    make_work(database, blobs, GreyNetwork()).do(make_job(database))

    (square,) = get_squares(client)
    assert square.status is SquareStatus.FAILED
    assert "its file is gone" in str(square.reason)


def test_a_file_that_has_changed_on_the_disk_fails_its_square(
    client: TestClient, database: Database, settings: Settings
) -> None:
    register(database)
    put_atlas(client)
    data = make_png(640, 640, padding=settings.blob_row_bytes)
    crop = put_blob(client, data)
    put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    blobs.path(crop).write_bytes(data[: len(data) // 2])

    make_work(database, blobs, GreyNetwork()).do(make_job(database))

    (square,) = get_squares(client)
    assert square.status is SquareStatus.FAILED
    assert "is damaged" in str(square.reason)


def test_a_crop_that_changes_while_it_is_scored_is_asked_for_again(
    client: TestClient, database: Database, blobs: BlobStore
) -> None:
    register(database)
    put_greys(client, 100)
    network = GreyNetwork(before=lambda: put_greys(client, 200))

    make_work(database, blobs, network).do(make_job(database))

    assert len(list_requests(database)) == 1


def test_a_promoted_model_is_loaded_before_the_next_tile(
    client: TestClient, database: Database, blobs: BlobStore
) -> None:
    register(database)
    register(database, "better")
    put_greys(client, 100)
    old, new = GreyNetwork(), GreyNetwork("better")
    work = make_work(database, blobs, old, new)
    work.do(make_job(database))

    assert client.post("/api/v1/models/better/promote").status_code == 200
    work.do(make_job(database))

    assert (old.batches, new.batches) == ([1], [1])
    assert work.model_id == "better"
    assert get_squares(client)[0].model_id == "better"


def test_a_job_that_is_given_up_says_so_on_its_squares(
    client: TestClient, database: Database, blobs: BlobStore
) -> None:
    register(database)
    put_greys(client, 100)

    make_work(database, blobs, GreyNetwork()).give_up(make_job(database), "out of memory")

    (square,) = get_squares(client)
    assert (square.status, square.reason) == (SquareStatus.FAILED, "out of memory")
    assert list_requests(database) == []


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(BadCropError, match="12 bytes"):
        decode_crop(b"not a picture"[:12])


def test_no_map_stays_no_map() -> None:
    assert encode_map(None) is None
