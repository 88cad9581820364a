"""Writes of ingest: idempotent by natural key, and in any order."""

import json
from itertools import permutations

import pytest
from starlette.testclient import TestClient

from tests.service.examples import KEY_JSON, get_grid

WRITES: list[tuple[str, dict[str, object]]] = [
    ("sessions", {"key": "Supervisor_1", "name": "lysozyme", "instrument_id": "TITAN1"}),
    (
        "grids",
        {"session_key": "Supervisor_1", "sample": 2, "name": "grid b", "state": "acquiring"},
    ),
    ("atlases", {"key": KEY_JSON, "tiles_planned": 35, "film_level": 812.0}),
    (
        "tiles",
        {
            "atlas": KEY_JSON,
            "name": "Tile_1_0_900",
            "epu_tile_id": 1,
            "index": 0,
            "state": "placed",
        },
    ),
]


def seen(client: TestClient) -> dict[str, object]:
    """Read all that does not depend on ids and times."""
    grid = get_grid(client)
    (session,) = client.get("/api/v1/sessions").json()["items"]
    (atlas,) = client.get(f"/api/v1/grids/{grid['id']}/atlases").json()["items"]
    (tile,) = client.get(f"/api/v1/atlases/{atlas['id']}/tiles").json()["items"]
    rows = {"session": session, "grid": grid, "atlas": atlas, "tile": tile}
    left_out = ("id", "_id", "_at", "revision")
    return {
        f"{name}.{field}": value
        for name, row in rows.items()
        for field, value in row.items()
        if not field.endswith(left_out)
    }


def test_any_order_ends_in_the_same_rows(client: TestClient) -> None:
    for number, order in enumerate(permutations(WRITES)):
        for path, body in order:
            renamed = json.dumps(body).replace("Supervisor_1", f"Supervisor_{number}")
            answer = client.put(
                f"/api/v1/{path}", content=renamed, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 200
    assert client.get("/api/v1/sessions").json()["total"] == 24
    grids = client.get("/api/v1/grids", params={"limit": 5000}).json()["items"]
    left_out = ("id", "session_id", "atlas_id", "updated_at", "revision")
    kinds = {str({k: v for k, v in grid.items() if k not in left_out}) for grid in grids}
    assert len(kinds) == 1
    assert grids[0]["name"] == "grid b"
    assert (grids[0]["tiles_placed"], grids[0]["film_level"]) == (1, 812.0)


def test_the_same_record_twice_changes_nothing(client: TestClient) -> None:
    for path, body in WRITES:
        first = client.put(f"/api/v1/{path}", json=body).json()
        assert first["changed"] is True
    before, shown = get_grid(client), seen(client)
    for path, body in WRITES:
        assert client.put(f"/api/v1/{path}", json=body).json()["changed"] is False
    assert get_grid(client) == before
    assert seen(client) == shown


def test_each_change_of_a_grid_makes_a_revision_and_an_event(client: TestClient) -> None:
    for path, body in WRITES:
        client.put(f"/api/v1/{path}", json=body)
    grid = get_grid(client)
    assert grid["revision"] == 3
    events = client.get("/api/v1/events", params={"grid_id": grid["id"]}).json()
    assert [event["kind"] for event in events["items"]] == ["grid.put", "atlas.put", "tile.put"]
    after = client.get("/api/v1/events", params={"since": events["next"]}).json()
    assert after == {"items": [], "next": events["next"]}
    assert client.get("/api/v1/events", params={"since": "now"}).json() == after


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sessions", {"key": ""}),
        ("sessions", {"key": "a", "colour": "red"}),
        ("grids", {"session_key": "a", "sample": -1}),
        ("atlases", {"key": {"session_key": "a", "sample": 1}}),
        ("tiles", {"atlas": KEY_JSON, "name": "x", "epu_tile_id": 1, "index": 0, "state": "lost"}),
        ("squares", {"atlas": KEY_JSON, "match_radius_um": 0, "squares": []}),
    ],
)
def test_a_wrong_record_is_refused_with_its_field(
    client: TestClient, path: str, body: dict[str, object]
) -> None:
    answer = client.put(f"/api/v1/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"]
    assert client.get("/api/v1/sessions").json()["total"] == 0


def test_the_ledger_keeps_one_line_for_a_file(client: TestClient) -> None:
    lines = [
        {"path": "a/Tile_1.mrc", "state": "waiting", "reason": "still growing"},
        {"path": "a/Tile_2.mrc", "state": "failed", "reason": "cut short", "attempts": 3},
    ]
    assert client.put("/api/v1/files", json=lines).status_code == 204
    assert client.put("/api/v1/files", json=lines).status_code == 204
    assert client.put("/api/v1/files", json=[lines[0] | {"state": "read"}]).status_code == 204
    shown = client.get("/api/v1/files").json()
    assert shown["total"] == 2
    wrong = client.get("/api/v1/files", params={"state": ["failed", "waiting"]}).json()
    assert [(item["path"], item["reason"]) for item in wrong["items"]] == [
        ("a/Tile_2.mrc", "cut short")
    ]


def test_an_ingest_process_is_seen(client: TestClient) -> None:
    sign = {"name": "titan1", "watching": "/epu", "state": "watching", "polling": True}
    for seen_files in (1, 2):
        body = sign | {"files_seen": seen_files}
        assert client.put("/api/v1/ingesters", json=body).status_code == 204
    (shown,) = client.get("/api/v1/ingesters").json()["items"]
    assert (shown["name"], shown["files_seen"], shown["polling"]) == ("titan1", 2, True)
    assert client.get("/api/v1/workers").json() == {"items": [], "total": 0}
