"""Labels: all or nothing, once for each client id, the newest of each author stands."""

import pytest
from starlette.testclient import TestClient

from service.database import Database
from service.errors import InvalidError
from service.queries.labels import add_labels
from service.schemas import LabelRequest
from tests.service.examples import KEY_JSON, get_grid, get_squares, make_square, put_squares
from tests.service.meanwhile import before_first_lock, on_postgres

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ids(client: TestClient) -> list[str]:
    return put_squares(client, [make_square(100.0 * i, 0, epu_node_id=70 + i) for i in range(3)])


def list_labels(client: TestClient, **params: object) -> list[dict[str, object]]:
    items: list[dict[str, object]] = client.get("/api/v1/labels", params=params).json()["items"]
    return items


def list_events(client: TestClient) -> list[dict[str, object]]:
    items: list[dict[str, object]] = client.get("/api/v1/events").json()["items"]
    return items


def put_one(client: TestClient) -> None:
    """Put the first square again, so that the others are gone."""
    put_squares(client, [make_square(0, 0, epu_node_id=70)])


def test_labels_name_their_square_by_id_or_by_epu_s_names(
    client: TestClient, ids: list[str]
) -> None:
    rows = [
        {"square_id": ids[0], "author": "an", "overall": 3.5},
        KEY_JSON | {"epu_node_id": 71, "author": "an", "cracking": 0, "contamination": 4},
    ]
    answer = client.post("/api/v1/labels", json=rows)
    assert answer.status_code == 200
    assert [item["square_id"] for item in answer.json()["items"]] == ids[:2]
    shown = {str(square.id): square.label for square in get_squares(client)}
    first, second = shown[ids[0]], shown[ids[1]]
    assert first is not None
    assert first.overall == 3.5
    assert second is not None
    assert (second.overall, second.cracking, second.contamination) == (None, 0, 4)
    assert shown[ids[2]] is None


def test_a_wrong_row_is_named_and_nothing_is_stored(client: TestClient, ids: list[str]) -> None:
    good = {"square_id": ids[0], "author": "an", "overall": 3}
    for wrong, field in (
        ({"square_id": ids[1], "author": "an", "overall": 4.5}, "overall"),
        ({"square_id": ids[1], "author": "an", "cracking": -0.5}, "cracking"),
        ({"square_id": ids[1], "author": "an", "cracked": 1}, "cracked"),
        ({"square_id": ids[1], "overall": 1}, "author"),
        ({"square_id": NOBODY, "author": "an", "overall": 1}, "square_id"),
        (KEY_JSON | {"epu_node_id": 9, "author": "an", "overall": 1}, "epu_node_id"),
    ):
        answer = client.post("/api/v1/labels", json=[good, wrong])
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["row"], error["field"]) == (1, field)
    assert list_labels(client) == []


def test_a_label_without_a_square_or_a_grade_is_refused(client: TestClient, ids: list[str]) -> None:
    for wrong, reason in (
        ({"author": "an", "overall": 1}, "name the square"),
        ({"author": "an", "overall": 1, "sample": 2, "square_id": ids[0]}, "name the square"),
        ({"author": "an", "overall": 1, "sample": 2, "epu_node_id": 70}, "name the square"),
        ({"author": "an", "square_id": ids[0]}, "at least one grade"),
    ):
        answer = client.post("/api/v1/labels", json=[wrong])
        assert answer.status_code == 422
        assert reason in answer.json()["detail"]
        assert "row 0" in answer.json()["detail"]


def test_the_same_client_id_stores_one_label_and_another_label_under_it_is_refused(
    client: TestClient, ids: list[str]
) -> None:
    row = {"client_id": "page-1", "square_id": ids[0], "author": "an", "overall": 3}
    first = client.post("/api/v1/labels", json=[row]).json()
    assert client.post("/api/v1/labels", json=[row, row]).json()["items"] == first["items"] * 2
    assert len(list_labels(client, superseded=True)) == 1
    answer = client.post("/api/v1/labels", json=[row | {"overall": 1}])
    assert answer.status_code == 409
    assert answer.json()["errors"] == [{"row": 0, "field": "client_id"}]


def test_a_newer_label_supersedes_its_author_s_and_nobody_else_s(
    client: TestClient, ids: list[str]
) -> None:
    for author, overall in (("an", 1), ("bo", 2), ("an", 3)):
        row = {"square_id": ids[0], "author": author, "overall": overall}
        assert client.post("/api/v1/labels", json=[row]).status_code == 200
    standing = list_labels(client)
    assert [(item["author"], item["overall"]) for item in standing] == [("an", 3), ("bo", 2)]
    (old,) = [item for item in list_labels(client, superseded=True) if item["superseded_at"]]
    assert (old["overall"], old["superseded_by"]) == (1, standing[0]["id"])
    assert [item["author"] for item in list_labels(client, author="bo")] == ["bo"]


def test_a_withdrawn_label_no_longer_stands(client: TestClient, ids: list[str]) -> None:
    row = {"square_id": ids[0], "author": "an", "overall": 3}
    (label,) = client.post("/api/v1/labels", json=[row]).json()["items"]
    before = get_grid(client)["revision"]
    for _ in range(2):
        assert client.delete(f"/api/v1/labels/{label['id']}").status_code == 204
    assert get_grid(client)["revision"] == before + 1
    assert list_labels(client) == []
    assert len(list_labels(client, superseded=True)) == 1
    assert client.delete(f"/api/v1/labels/{NOBODY}").status_code == 404


def test_labels_are_listed_by_grid_and_square(client: TestClient, ids: list[str]) -> None:
    rows = [{"square_id": square_id, "author": "an", "overall": 3} for square_id in ids]
    client.post("/api/v1/labels", json=rows)
    assert len(list_labels(client, grid_id=get_grid(client)["id"])) == 3
    assert list_labels(client, grid_id=NOBODY) == []
    assert [item["square_id"] for item in list_labels(client, square_id=ids[1])] == [ids[1]]
    page = client.get("/api/v1/labels", params={"limit": 2, "offset": 2}).json()
    assert (page["total"], len(page["items"])) == (3, 1)


def test_bulk_labels_make_one_revision_and_one_event(client: TestClient, ids: list[str]) -> None:
    before = get_grid(client)["revision"]
    rows = [{"square_id": square_id, "author": "an", "overall": 3} for square_id in ids]
    client.post("/api/v1/labels", json=rows)
    assert get_grid(client)["revision"] == before + 1
    events = client.get("/api/v1/events").json()["items"]
    assert [event["kind"] for event in events].count("labels.add") == 1
    assert len(events[-1]["detail"]["labels"]) == 3


def test_the_same_label_again_leaves_no_trace(client: TestClient, ids: list[str]) -> None:
    row = {"client_id": "page-1", "square_id": ids[0], "author": "an", "overall": 3}
    client.post("/api/v1/labels", json=[row])
    before, events = get_grid(client)["revision"], list_events(client)

    client.post("/api/v1/labels", json=[row, row])
    assert (get_grid(client)["revision"], list_events(client)) == (before, events)

    new = {"client_id": "page-2", "square_id": ids[1], "author": "an", "overall": 2}
    (_, stored) = client.post("/api/v1/labels", json=[row, new]).json()["items"]
    assert get_grid(client)["revision"] == before + 1
    (event,) = list_events(client)[len(events) :]
    assert event["detail"] == {"labels": [stored["id"]]}


@on_postgres
def test_a_square_that_goes_while_its_grid_is_waited_for_is_unknown(
    client: TestClient, ids: list[str], database: Database
) -> None:
    rows = [
        {"square_id": ids[0], "author": "an", "overall": 3},
        KEY_JSON | {"epu_node_id": 71, "author": "an", "overall": 3},
    ]
    with (
        before_first_lock(database, lambda: put_one(client)),
        pytest.raises(InvalidError) as refused,
        database.write() as db,
    ):
        add_labels(db, [LabelRequest.model_validate(row) for row in rows], "test")

    assert refused.value.message == "rows 1: no such square"
    assert refused.value.details == ({"row": 1, "field": "epu_node_id"},)
    assert list_labels(client) == []
