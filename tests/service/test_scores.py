"""What a worker writes, and what a promoted model changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from service.database import Database
from service.queries.models import promote_model
from service.queries.scores import (
    ScoreResult,
    SquareToScore,
    add_scores,
    list_squares_to_score,
)
from service.tables import PredictionRow, SquareStatus
from tests.service.examples import (
    KEY,
    MODEL,
    RecordingQueue,
    get_grid,
    get_squares,
    grades,
    list_requests,
    make_png,
    make_square,
    put_atlas,
    put_blob,
    put_squares,
    register,
    score,
)
from tests.service.meanwhile import noting_statements, on_postgres


@pytest.fixture
def crop(client: TestClient, database: Database) -> dict[str, object]:
    register(database)
    put_atlas(client, vacuum_level=130.0)
    return {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}


def take_one(database: Database) -> SquareToScore:
    (request,) = list_requests(database)
    with database.read() as db:
        (item,) = list_squares_to_score(db, request.tile_id, MODEL)
    return item


def result_for(item: SquareToScore, overall: float) -> ScoreResult:
    return ScoreResult(item.id, MODEL, item.input_key, SquareStatus.SCORED, grades=grades(overall))


def write(database: Database, *results: ScoreResult) -> int:
    with database.write() as db:
        return add_scores(db, results)


def test_a_square_to_score_comes_with_all_that_the_network_needs(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    ids = put_squares(client, [make_square(0, 0, **crop), make_square(100, 0)])
    item = take_one(database)
    assert str(item.id) == ids[0]
    assert (item.crop_sha256, item.full_scale) == (crop["crop_sha256"], 512.0)
    assert (item.film_level, item.vacuum_level, item.complete) == (100.0, 130.0, True)


def test_a_score_written_twice_is_one_prediction(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    put_squares(client, [make_square(0, 0, **crop)])
    result = result_for(take_one(database), 3)
    assert write(database, result) == 1
    assert write(database, result) == 1
    with database.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(PredictionRow)) == 1
    assert list_requests(database) == []


def test_a_tile_s_scores_make_one_revision_and_one_event(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    ids = put_squares(client, [make_square(100.0 * i, 0, **crop) for i in range(3)])
    before = get_grid(client)["revision"]
    assert score(database, dict.fromkeys(ids, 3.0)) == 3
    assert get_grid(client)["revision"] == before + 1
    event = client.get("/api/v1/events").json()["items"][-1]
    assert (event["kind"], event["detail"]) == ("squares.score", {"squares": 3})


def test_a_failed_square_shows_its_reason_and_is_not_asked_for_again(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    put_squares(client, [make_square(0, 0, **crop)])
    item = take_one(database)
    failed = ScoreResult(item.id, MODEL, item.input_key, SquareStatus.FAILED, reason="no pixels")
    assert write(database, failed) == 1
    (square,) = get_squares(client)
    assert (square.status, square.reason, square.overall) == ("failed", "no pixels", None)
    assert list_requests(database) == []


def test_a_score_of_a_square_that_is_gone_is_dropped(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    put_squares(client, [make_square(0, 0, **crop)])
    result = result_for(take_one(database), 3)
    put_squares(client, [])
    assert write(database, result, replace(result, square_id=uuid4())) == 0


def test_a_late_score_of_an_old_crop_never_replaces_the_new_one(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    put_squares(client, [make_square(0, 0, **crop)])
    old = result_for(take_one(database), 1)
    newer = crop | {"crop_sha256": put_blob(client, make_png(grey=7))}
    put_squares(client, [make_square(0, 0, **newer)])
    new = result_for(take_one(database), 4)
    assert write(database, new) == 1
    assert write(database, old) == 0
    (square,) = get_squares(client)
    assert square.overall == 4
    (prediction,) = client.get(f"/api/v1/squares/{square.id}/predictions").json()["items"]
    assert prediction["overall"] == 4
    assert list_requests(database) == []


def test_a_score_without_numbers_is_refused_whole(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    put_squares(client, [make_square(0, 0, **crop)])
    result = replace(result_for(take_one(database), 3), grades=None)
    with pytest.raises(IntegrityError):
        write(database, result)
    assert get_squares(client)[0].status is SquareStatus.WAITING


def test_two_workers_writing_one_tile_at_once_leave_one_prediction_each(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    put_squares(client, [make_square(100.0 * i, 0, **crop) for i in range(5)])
    (request,) = list_requests(database)
    with database.read() as db:
        items = list_squares_to_score(db, request.tile_id, MODEL)
    results = [result_for(item, 3) for item in items]
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda _: write(database, *results), range(4)))
    assert written == [5, 5, 5, 5]
    with database.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(PredictionRow)) == 5


def test_the_first_model_is_current_and_a_later_one_waits(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    register(database, "second")
    register(database)
    models = {item["id"]: item["current"] for item in client.get("/api/v1/models").json()["items"]}
    assert models == {MODEL: True, "second": False}
    assert crop


def test_a_promoted_model_scores_again_and_the_old_scores_stand_until_then(
    client: TestClient, database: Database, queue: RecordingQueue, crop: dict[str, object]
) -> None:
    ids = put_squares(client, [make_square(0, 0, **crop)])
    score(database, {ids[0]: 2.0})
    register(database, "second")
    asked = len(queue.requests)
    answer = client.post("/api/v1/models/second/promote")
    assert answer.json()["current"] is True
    assert len(queue.requests) == asked + 1
    assert get_squares(client)[0].model_id == MODEL
    score(database, {ids[0]: 3.0})
    (square,) = get_squares(client)
    assert (square.model_id, square.overall) == ("second", 3.0)
    predictions = client.get(f"/api/v1/squares/{square.id}/predictions").json()["items"]
    assert {item["model_id"]: item["overall"] for item in predictions} == {
        MODEL: 2.0,
        "second": 3.0,
    }


def test_going_back_to_a_model_shows_its_scores_at_once(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    ids = put_squares(client, [make_square(0, 0, **crop)])
    score(database, {ids[0]: 2.0})
    register(database, "second")
    client.post("/api/v1/models/second/promote")
    score(database, {ids[0]: 3.0})
    before = get_grid(client)["revision"]
    with database.write() as db:
        _row, requests = promote_model(db, MODEL, "test")
    assert requests == []
    (square,) = get_squares(client)
    assert (square.model_id, square.overall) == (MODEL, 2.0)
    assert get_grid(client)["revision"] == before + 1


@on_postgres
def test_going_back_to_a_model_locks_all_grids_before_it_changes_a_square(
    client: TestClient, database: Database, crop: dict[str, object]
) -> None:
    keys = [KEY.model_copy(update={"sample": sample}) for sample in (2, 3, 4)]
    for key in keys:
        put_atlas(client, key=key)
    ids = [put_squares(client, [make_square(0, 0, **crop)], key=key)[0] for key in keys]
    score(database, dict.fromkeys(ids, 2.0))
    register(database, "second")
    client.post("/api/v1/models/second/promote")

    with noting_statements(database) as heard, database.write() as db:
        promote_model(db, MODEL, "test")

    locks = [i for i, statement in enumerate(heard) if "FOR UPDATE" in statement]
    changes = [i for i, statement in enumerate(heard) if statement.startswith("UPDATE square")]
    assert len(locks) == 3
    assert locks[-1] < changes[0]


def test_only_a_known_model_can_be_promoted(client: TestClient) -> None:
    assert client.post("/api/v1/models/nobody/promote").status_code == 404
