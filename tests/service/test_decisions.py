"""Decisions: take and skip exclude each other, notes pile up, clear withdraws."""

import pytest
from starlette.testclient import TestClient

from service.database import Database
from service.errors import InvalidError
from service.queries.decisions import add_decisions
from service.schemas import DecisionRequest
from tests.service.examples import KEY, get_grid, get_squares, make_square, put_squares
from tests.service.meanwhile import before_first_lock, on_postgres

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ids(client: TestClient) -> list[str]:
    return put_squares(client, [make_square(100.0 * i, 0) for i in range(2)])


def decide(client: TestClient, *rows: dict[str, object]) -> list[dict[str, object]]:
    answer = client.post("/api/v1/decisions", json=list(rows))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


def standing(client: TestClient) -> list[tuple[object, object]]:
    path = f"/api/v1/grids/{get_grid(client)['id']}/decisions"
    return [(item["square_id"], item["kind"]) for item in client.get(path).json()["items"]]


def list_events(client: TestClient) -> list[dict[str, object]]:
    items: list[dict[str, object]] = client.get("/api/v1/events").json()["items"]
    return items


def put_one(client: TestClient) -> None:
    """Put the first square again, so that the second is gone."""
    put_squares(client, [make_square(0, 0)])


def test_skip_takes_the_place_of_take(client: TestClient, ids: list[str]) -> None:
    decide(client, {"square_id": ids[0], "kind": "take", "text": "thin ice"})
    decide(client, {"square_id": ids[0], "kind": "skip"})
    assert standing(client) == [(ids[0], "skip")]
    assert [square.decision for square in get_squares(client, decision="skip")] == ["skip"]


def test_clear_withdraws_what_stood_and_stands_for_nothing_itself(
    client: TestClient, ids: list[str]
) -> None:
    decide(client, {"square_id": ids[0], "kind": "take"}, {"square_id": ids[1], "kind": "take"})
    decide(client, {"square_id": ids[0], "kind": "clear"})
    assert standing(client) == [(ids[1], "take")]
    assert {str(square.id): square.decision for square in get_squares(client)} == {
        ids[0]: None,
        ids[1]: "take",
    }


def test_a_skipped_square_has_no_place_in_the_order(client: TestClient, ids: list[str]) -> None:
    decide(client, {"square_id": ids[0], "kind": "take"})
    decide(client, {"square_id": ids[0], "kind": "order", "position": 1})
    assert [square.position for square in get_squares(client, decision="take")] == [1]
    decide(client, {"square_id": ids[0], "kind": "skip"})
    assert [square.position for square in get_squares(client, decision="skip")] == [None]


def test_notes_and_an_order_stand_beside_a_decision(client: TestClient, ids: list[str]) -> None:
    grid_id = get_grid(client)["id"]
    decide(
        client,
        {"square_id": ids[0], "kind": "take"},
        {"square_id": ids[0], "kind": "order", "position": 2},
        {"square_id": ids[0], "kind": "note", "text": "edge is torn"},
        {"grid_id": grid_id, "kind": "note", "text": "best grid"},
    )
    decide(client, {"square_id": ids[0], "kind": "order", "position": 1})
    found = standing(client)
    assert len(found) == 4
    assert set(found) == {
        (None, "note"),
        (ids[0], "note"),
        (ids[0], "order"),
        (ids[0], "take"),
    }


def test_the_same_client_id_is_one_decision(client: TestClient, ids: list[str]) -> None:
    row: dict[str, object] = {"client_id": "page-1", "square_id": ids[0], "kind": "take"}
    assert decide(client, row) == decide(client, row)
    answer = client.post("/api/v1/decisions", json=[row | {"kind": "skip"}])
    assert answer.status_code == 409
    assert standing(client) == [(ids[0], "take")]


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ({"kind": "order", "position": 1}, {"position": 7}),
        ({"kind": "take", "text": "thin ice"}, {"text": "thick ice"}),
        ({"kind": "take", "text": "thin ice"}, {"text": None}),
        ({"kind": "take", "actor": "an"}, {"actor": "bo"}),
        ({"kind": "take"}, {"actor": "bo"}),
    ],
)
def test_another_decision_under_a_client_id_is_refused(
    client: TestClient, ids: list[str], row: dict[str, object], other: dict[str, object]
) -> None:
    first = {"client_id": "page-1", "square_id": ids[0]} | row
    decide(client, first)

    good = {"square_id": ids[1], "kind": "take"}
    answer = client.post("/api/v1/decisions", json=[good, first | other])

    assert answer.status_code == 409
    assert answer.json()["errors"] == [{"row": 1, "field": "client_id"}]
    assert standing(client) == [(ids[0], row["kind"])]


def test_a_note_of_one_grid_is_not_the_answer_for_another(
    client: TestClient, ids: list[str]
) -> None:
    first = get_grid(client)["id"]
    put_squares(client, [make_square(0, 0)], key=KEY.model_copy(update={"sample": 3}))
    grids = [item["id"] for item in client.get("/api/v1/grids").json()["items"]]
    (second,) = [grid_id for grid_id in grids if grid_id != first]
    note: dict[str, object] = {"client_id": "page-1", "kind": "note", "text": "best grid"}
    decide(client, note | {"grid_id": first})

    assert client.post("/api/v1/decisions", json=[note | {"grid_id": second}]).status_code == 409
    assert client.get(f"/api/v1/grids/{second}/decisions").json()["items"] == []
    assert ids


def test_the_same_decision_again_leaves_no_trace(client: TestClient, ids: list[str]) -> None:
    row: dict[str, object] = {"client_id": "page-1", "square_id": ids[0], "kind": "take"}
    decide(client, row)
    before, events = get_grid(client)["revision"], list_events(client)

    decide(client, row, row)
    assert (get_grid(client)["revision"], list_events(client)) == (before, events)

    decide(client, row, {"square_id": ids[1], "kind": "skip"})
    assert get_grid(client)["revision"] == before + 1
    (event,) = list_events(client)[len(events) :]
    assert event["detail"] == {"decisions": [{"square_id": ids[1], "kind": "skip"}]}


@on_postgres
def test_a_square_that_goes_while_its_grid_is_waited_for_is_unknown(
    client: TestClient, ids: list[str], database: Database
) -> None:
    requests = [
        DecisionRequest.model_validate({"square_id": square_id, "kind": "take"})
        for square_id in ids
    ]
    with (
        before_first_lock(database, lambda: put_one(client)),
        pytest.raises(InvalidError) as refused,
        database.write() as db,
    ):
        add_decisions(db, requests, "test")

    assert refused.value.message == "rows 1: no such square or grid"
    assert refused.value.details == ({"row": 1, "field": "square_id"},)
    assert standing(client) == []


def test_who_decided_is_the_named_actor_or_the_token(client: TestClient, ids: list[str]) -> None:
    named, unnamed = decide(
        client,
        {"square_id": ids[0], "kind": "take", "actor": "an"},
        {"square_id": ids[1], "kind": "take"},
    )
    assert (named["actor"], unnamed["actor"]) == ("an", "admin")


def test_a_decision_that_contradicts_itself_is_refused(client: TestClient, ids: list[str]) -> None:
    grid_id = get_grid(client)["id"]
    for wrong in (
        {"kind": "take"},
        {"kind": "take", "grid_id": grid_id},
        {"kind": "take", "square_id": ids[0], "grid_id": grid_id},
        {"kind": "note", "square_id": ids[0]},
        {"kind": "order", "square_id": ids[0]},
        {"kind": "take", "square_id": ids[0], "position": 1},
        {"kind": "eat", "square_id": ids[0]},
        {"kind": "take", "square_id": NOBODY},
        {"kind": "note", "grid_id": NOBODY, "text": "?"},
    ):
        good = {"kind": "take", "square_id": ids[1]}
        answer = client.post("/api/v1/decisions", json=[good, wrong])
        assert answer.status_code == 422, wrong
        assert "row" in answer.json()["detail"]
    assert standing(client) == []
