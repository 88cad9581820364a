"""Identity of squares while an atlas grows, and what is asked of the workers."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from starlette.testclient import TestClient

from ingest.records import SquareSet
from service.database import Database
from service.queries.square_sets import replace_squares
from service.tables import EventRow, GridRow, SquareRow, SquareStatus, TileRow
from tests.service.examples import (
    KEY,
    KEY_JSON,
    RecordingQueue,
    as_ids,
    get_grid,
    get_squares,
    list_requests,
    make_png,
    make_square,
    put_atlas,
    put_blob,
    put_squares,
    put_tile,
    register,
    score,
)


def test_a_square_keeps_its_id_while_it_moves_less_than_the_radius(client: TestClient) -> None:
    first = put_squares(client, [make_square(0, 0), make_square(100, 0)])
    second = put_squares(client, [make_square(107, 3), make_square(-4, 5), make_square(0, 100)])
    assert second[:2] == [first[1], first[0]]
    assert second[2] not in first


def test_the_same_epu_node_is_the_same_square_wherever_it_is(client: TestClient) -> None:
    first = put_squares(client, [make_square(0, 0, epu_node_id=5), make_square(100, 0)])
    second = put_squares(client, [make_square(100, 0, epu_node_id=5), make_square(0, 0)])
    assert second[0] == first[0]
    assert second[1] not in first


def test_the_same_set_twice_changes_nothing(client: TestClient) -> None:
    squares = [make_square(0, 0), make_square(100, 0)]
    first = put_squares(client, squares)
    before = get_grid(client)
    assert put_squares(client, squares) == first
    assert get_grid(client) == before


def test_a_changed_set_makes_one_revision(client: TestClient) -> None:
    put_squares(client, [make_square(0, 0), make_square(100, 0)])
    before = get_grid(client)["revision"]
    put_squares(client, [make_square(1, 0), make_square(300, 0)])
    assert get_grid(client)["revision"] == before + 1


def test_a_square_no_longer_seen_is_gone_unless_it_is_labelled_or_decided(
    client: TestClient,
) -> None:
    ids = put_squares(client, [make_square(100.0 * i, 0) for i in range(3)])
    label = {"square_id": ids[0], "author": "an", "overall": 3}
    assert client.post("/api/v1/labels", json=[label]).status_code == 200
    decision = {"square_id": ids[1], "kind": "take"}
    assert client.post("/api/v1/decisions", json=[decision]).status_code == 200
    put_squares(client, [])
    assert get_squares(client) == []
    kept = [client.get(f"/api/v1/squares/{square_id}") for square_id in ids]
    assert [answer.status_code for answer in kept] == [200, 200, 404]
    assert kept[0].json()["retired"] is True
    assert kept[0].json()["rank"] is None


def test_a_retired_square_comes_back_with_its_label(client: TestClient) -> None:
    ids = put_squares(client, [make_square(0, 0)])
    label = {"square_id": ids[0], "author": "an", "overall": 3}
    client.post("/api/v1/labels", json=[label])
    put_squares(client, [])
    assert put_squares(client, [make_square(2, 2)]) == ids
    (square,) = get_squares(client)
    assert square.label is not None
    assert square.label.overall == 3


def test_squares_may_come_before_their_tile_and_their_grid(client: TestClient) -> None:
    put_squares(client, [make_square(0, 0)])
    grid = get_grid(client)
    assert (grid["squares"], grid["tiles_waiting"], grid["tiles_placed"]) == (1, 1, 0)
    put_tile(client)
    client.put("/api/v1/grids", json={"session_key": "Supervisor_1", "sample": 2, "name": "ab"})
    grid = get_grid(client)
    assert (grid["name"], grid["tiles_waiting"], grid["tiles_placed"]) == ("ab", 0, 1)


def test_squares_naming_pictures_not_sent_are_refused_and_the_pictures_named(
    client: TestClient,
) -> None:
    digest = "a" * 64
    record = SquareSet(
        atlas=KEY, match_radius_um=9, squares=(make_square(0, 0, thumbnail_sha256=digest),)
    )
    answer = client.put("/api/v1/squares", json=record.model_dump(mode="json"))
    assert answer.status_code == 409
    assert answer.json()["code"] == "blobs_missing"
    assert answer.json()["errors"] == [{"sha256": digest}]


def test_two_squares_of_one_epu_node_are_refused(client: TestClient) -> None:
    squares = (make_square(0, 0, epu_node_id=5), make_square(100, 0, epu_node_id=5))
    record = SquareSet(atlas=KEY, match_radius_um=9, squares=squares)
    answer = client.put("/api/v1/squares", json=record.model_dump(mode="json"))
    assert answer.status_code == 422
    assert "squares 0 and 1" in answer.json()["detail"]


def test_a_tile_is_asked_for_once_for_one_input_and_again_for_another(
    client: TestClient, database: Database, queue: RecordingQueue
) -> None:
    register(database)
    put_atlas(client)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    ids = put_squares(client, [make_square(0, 0, **crop)])
    put_squares(client, [make_square(0, 0, **crop)])
    assert len(queue.requests) == 1
    assert score(database, {ids[0]: 3.5}) == 1
    put_squares(client, [make_square(0, 0, **crop)])
    assert len(queue.requests) == 1
    other = {"crop_sha256": put_blob(client, make_png(grey=9)), "crop_full_scale": 512.0}
    put_squares(client, [make_square(0, 0, **other)])
    assert len(queue.requests) == 2
    assert len({request.job_id for request in queue.requests}) == 2


def test_a_film_level_that_moved_asks_for_new_scores_and_a_small_step_does_not(
    client: TestClient, database: Database, queue: RecordingQueue
) -> None:
    register(database)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    ids = put_squares(client, [make_square(0, 0, **crop)])
    assert queue.requests == []
    put_atlas(client, film_level=100.0)
    score(database, {ids[0]: 3.5})
    put_atlas(client, film_level=104.0)
    assert list_requests(database) == []
    put_atlas(client, film_level=104.0, complete=True)
    assert len(list_requests(database)) == 1
    assert len(queue.requests) == 2
    assert get_squares(client)[0].overall == 3.5


def test_a_mesh_that_is_another_than_thought_asks_for_new_scores(
    client: TestClient, database: Database
) -> None:
    register(database)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    ids = put_squares(client, [make_square(0, 0, **crop)])
    put_atlas(client, film_level=100.0, mesh_pitch_um=84.6)
    score(database, {ids[0]: 3.5})
    put_atlas(client, film_level=100.0, mesh_pitch_um=85.2)
    assert list_requests(database) == []
    put_atlas(client, film_level=100.0, mesh_pitch_um=63.1)
    assert len(list_requests(database)) == 1


def test_a_score_turns_from_partial_to_scored_when_the_last_tile_covers_the_square(
    client: TestClient, database: Database
) -> None:
    register(database)
    put_atlas(client)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    ids = put_squares(client, [make_square(0, 0, **crop, complete=False)])
    score(database, {ids[0]: 3.5})
    assert get_squares(client)[0].status is SquareStatus.PARTIAL
    put_squares(client, [make_square(0, 0, **crop)])
    assert get_squares(client)[0].status is SquareStatus.SCORED


def test_four_writers_of_one_set_at_once_make_each_square_once(database: Database) -> None:
    squares = tuple(make_square(100.0 * i, 0, epu_node_id=i) for i in range(40))
    record = SquareSet(atlas=KEY, match_radius_um=20, squares=squares)

    def write(_: int) -> list[str]:
        with database.write() as db:
            answer, _requests = replace_squares(db, record, "test")
        return [str(square_id) for square_id in answer.ids]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(write, range(8)))
    assert all(answer == answers[0] for answer in answers)
    with database.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(SquareRow)) == 40
        assert db.scalar(sa.select(sa.func.count()).select_from(TileRow)) == 1
        assert db.scalars(sa.select(GridRow.revision)).all() == [1]
        assert len(db.scalars(sa.select(EventRow)).all()) == 1


def test_the_newest_atlas_with_a_placed_tile_is_the_grid_s(client: TestClient) -> None:
    put_tile(client)
    newer = KEY_JSON | {"epu_atlas_id": 901}
    put_tile(client, atlas=newer, name="Tile_2_0_901", state="waiting", reason="no pixels")
    old = get_grid(client)["atlas_id"]
    put_tile(client, atlas=newer, name="Tile_2_0_901")
    atlases = client.get(f"/api/v1/grids/{get_grid(client)['id']}/atlases").json()["items"]
    assert [atlas["epu_atlas_id"] for atlas in atlases] == [901, 900]
    assert old == atlases[1]["id"]
    assert get_grid(client)["atlas_id"] == atlases[0]["id"]


def test_ids_come_in_the_order_of_the_set_and_the_list_in_the_order_of_rank(
    client: TestClient, database: Database
) -> None:
    register(database)
    put_atlas(client)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    ids = put_squares(client, [make_square(100.0 * i, 0, **crop) for i in range(3)])
    score(database, dict(zip(ids, (1.0, 3.0, 2.0), strict=True)))
    assert as_ids(get_squares(client)) == [ids[1], ids[2], ids[0]]
