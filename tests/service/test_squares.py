"""The ranked list: its order, parts, filters and tags."""

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.database import Database
from service.schemas.questions import SORTS
from service.tables import SquareStatus
from tests.service.examples import (
    as_ids,
    get_grid,
    get_squares,
    make_png,
    make_square,
    put_atlas,
    put_blob,
    put_squares,
    put_tile,
    register,
    score,
)


@pytest.fixture
def ids(client: TestClient, database: Database) -> list[str]:
    """Make six squares: scored 2 and 3.5 and 3.5, partial 4, out of domain 4, and one waiting."""
    register(database)
    put_atlas(client, complete=True)
    put_tile(client)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    squares = [
        make_square(0, 0, **crop),
        make_square(200, 100, **crop),
        make_square(100, 100, **crop),
        make_square(300, 0, **crop, complete=False, coverage=0.5),
        make_square(400, 0, **crop),
        make_square(500, 0),
    ]
    made = put_squares(client, squares)
    score(database, dict(zip(made[:4], (2.0, 3.5, 3.5, 4.0), strict=True)), attention=make_png())
    score(database, {made[4]: 4.0}, status=SquareStatus.OUT_OF_DOMAIN)
    return made


def test_sure_scores_come_first_and_ties_go_by_stage_position(
    client: TestClient, ids: list[str]
) -> None:
    squares = get_squares(client)
    assert as_ids(squares) == [ids[2], ids[1], ids[0], ids[3], ids[4], ids[5]]
    assert [square.rank for square in squares] == [1, 2, 3, 4, 5, 6]
    assert [square.status.value for square in squares[2:]] == [
        "scored",
        "partial",
        "out_of_domain",
        "waiting",
    ]


def test_a_page_keeps_the_ranks_of_the_whole_grid(client: TestClient, ids: list[str]) -> None:
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    answer = client.get(path, params={"limit": 2, "offset": 3}).json()
    assert answer["total"] == 6
    assert [(item["id"], item["rank"]) for item in answer["items"]] == [(ids[3], 4), (ids[4], 5)]


def test_filters_keep_the_ranks_and_count_what_they_pass(
    client: TestClient, ids: list[str]
) -> None:
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    answer = client.get(path, params={"status": ["partial", "waiting"]}).json()
    assert [(item["id"], item["rank"]) for item in answer["items"]] == [(ids[3], 4), (ids[5], 6)]
    assert answer["total"] == 2
    good = get_squares(client, min_overall=3, complete=True)
    assert as_ids(good) == [ids[2], ids[1], ids[4]]


def test_the_list_is_sorted_as_asked_with_unknown_values_last(
    client: TestClient, ids: list[str]
) -> None:
    expected = {
        "rank": [2, 1, 0, 3, 4, 5],
        "-rank": [5, 4, 3, 0, 1, 2],
        "overall": [0, 2, 1, 3, 4, 5],
        "-stage_x_um": [5, 4, 3, 1, 2, 0],
        "-status": [5, 4, 3, 2, 1, 0],
        "coverage": [3, 2, 1, 0, 4, 5],
    }
    for sort, order in expected.items():
        assert as_ids(get_squares(client, sort=sort)) == [ids[i] for i in order], sort


def test_the_list_can_be_sorted_by_every_name_it_offers(client: TestClient, ids: list[str]) -> None:
    for name in sorted(SORTS):
        assert set(as_ids(get_squares(client, sort=f"-{name}"))) == set(ids), name


def test_a_question_out_of_range_is_refused_with_its_field(client: TestClient) -> None:
    put_tile(client)
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    for field, value in (
        ("sort", "overall; DROP TABLE square"),
        ("sort", "--overall"),
        ("limit", 0),
        ("limit", 5001),
        ("offset", -1),
        ("status", "good"),
        ("min_overall", 5),
        ("colour", "red"),
    ):
        answer = client.get(path, params={field: value})
        assert answer.status_code == 422
        assert field in answer.json()["detail"]


def test_a_square_answers_with_all_its_scores_and_pictures(
    client: TestClient, ids: list[str]
) -> None:
    best = get_squares(client)[0]
    assert (best.overall, best.overall_sd, best.overall_norm) == (3.5, 0.25, 0.875)
    assert (best.brightness, best.squareness, best.cracking, best.contamination) == (3, 2, 1, 0.5)
    assert best.attention_cracking_url is not None
    assert client.get(best.attention_cracking_url).content == make_png()
    alone = client.get(f"/api/v1/squares/{best.id}").json()
    assert alone == best.model_dump(mode="json")
    waiting = get_squares(client)[-1]
    assert str(waiting.id) == ids[5]
    assert waiting.overall is None
    assert client.get(f"/api/v1/squares/{waiting.id}/attention/cracking").status_code == 404


def test_the_same_list_is_not_sent_twice_and_a_changed_one_is(
    client: TestClient, ids: list[str]
) -> None:
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    first = client.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    assert client.get(path, headers=known).status_code == 304
    assert client.get(path, params={"limit": 1}, headers=known).status_code == 200
    client.post("/api/v1/decisions", json=[{"square_id": ids[0], "kind": "take"}])
    changed = client.get(path, headers=known)
    assert changed.status_code == 200
    assert [item["decision"] for item in changed.json()["items"]].count("take") == 1


def test_an_unchanged_list_costs_one_question_to_the_database(
    client: TestClient, ids: list[str]
) -> None:
    statements: list[str] = []
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    known = {"If-None-Match": client.get(path).headers["etag"]}

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)  # whichever connection is asked
    try:
        assert client.get(path, headers=known).status_code == 304
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    about_grids = [text for text in statements if "FROM grid" in text]
    assert len(about_grids) == 1
    assert not any("FROM square" in text for text in statements)
    assert len(ids) == 6


def test_a_list_takes_as_many_questions_for_six_squares_as_for_two(
    client: TestClient, ids: list[str]
) -> None:
    engine = client.app.state.parts.database.engine
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    client.get(path)  # the first look at a grid also looks for what waits
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    client.get(path, params={"limit": 2})
    few = len(statements)
    client.get(path, params={"limit": 6})
    assert len(statements) == 2 * few
    assert len(ids) == 6


def test_a_grid_counts_its_squares(client: TestClient, ids: list[str]) -> None:
    grid = get_grid(client)
    assert (grid["squares"], grid["squares_scored"], grid["squares_usable"]) == (6, 4, 2)
    assert (grid["best_overall"], grid["median_overall"], grid["film_level"]) == (4.0, 3.5, 100.0)
    assert (grid["tiles_placed"], grid["tiles_waiting"], grid["tiles_failed"]) == (1, 0, 0)
    assert len(ids) == 6


def test_an_older_atlas_can_be_asked_for(client: TestClient, ids: list[str]) -> None:
    old = str(get_grid(client)["atlas_id"])
    newer = {"session_key": "Supervisor_1", "sample": 2, "epu_atlas_id": 901}
    put_tile(client, atlas=newer, name="Tile_2_0_901")
    assert get_squares(client) == []
    assert len(get_squares(client, atlas_id=old)) == len(ids)


def test_the_atlas_of_another_grid_is_not_found(client: TestClient, ids: list[str]) -> None:
    grid, nobody = get_grid(client), "00000000-0000-4000-8000-000000000000"
    other = {"session_key": "Supervisor_1", "sample": 3, "epu_atlas_id": 902}
    atlas_id = put_atlas(client, key=other)
    path = f"/api/v1/grids/{grid['id']}/squares"
    for wrong in (atlas_id, nobody):
        for headers in ({}, {"If-None-Match": "*"}):
            answer = client.get(path, params={"atlas_id": wrong}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert wrong in answer.json()["detail"]
    own = client.get(path, params={"atlas_id": str(grid["atlas_id"])})
    assert own.json()["total"] == len(ids)


def test_the_label_queue_begins_where_the_model_is_least_sure(
    client: TestClient, ids: list[str]
) -> None:
    path = f"/api/v1/grids/{get_grid(client)['id']}/label_queue"
    before = [item["id"] for item in client.get(path).json()["items"]]
    assert set(before) == set(ids[:5])
    client.post("/api/v1/labels", json=[{"square_id": ids[2], "author": "an", "overall": 3}])
    after = [item["id"] for item in client.get(path).json()["items"]]
    assert after == [square_id for square_id in before if square_id != ids[2]]


def test_what_does_not_exist_is_not_found(client: TestClient) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for path in (
        f"sessions/{nobody}",
        f"grids/{nobody}",
        f"grids/{nobody}/atlases",
        f"grids/{nobody}/squares",
        f"grids/{nobody}/decisions",
        f"grids/{nobody}/label_queue",
        f"grids/{nobody}/export?format=csv",
        f"atlases/{nobody}",
        f"atlases/{nobody}/tiles",
        f"tiles/{nobody}/image",
        f"squares/{nobody}",
        f"squares/{nobody}/image",
        f"squares/{nobody}/thumbnail",
        f"squares/{nobody}/predictions",
        f"squares/{nobody}/attention/cracking",
    ):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 404, path
        assert answer.json()["code"] == "not_found"
        assert nobody in answer.json()["detail"]
