"""Decisions: take and skip exclude each other, notes pile up, clear withdraws."""

import pytest
from starlette.testclient import TestClient

from tests.service.examples import get_grid, get_squares, make_square, put_squares

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
