"""Lists that were asked for before: answered before the route, and never otherwise than by it."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.app import get_app
from service.database import Database
from service.settings import AuthMode, Settings
from service.tables import GridRow
from service.tokens import revoke_token
from tests.service.examples import (
    RecordingQueue,
    get_grid,
    get_squares,
    make_square,
    make_token,
    put_atlas,
    put_squares,
)


@pytest.fixture
def path(client: TestClient) -> str:
    """Make a grid of two squares whose list has been asked for."""
    put_atlas(client)
    put_squares(client, [make_square(0, 0), make_square(100, 0)])
    path = f"/api/v1/grids/{get_grid(client)['id']}/squares"
    assert client.get(path).status_code == 200
    return path


def test_a_list_asked_for_again_is_the_same_to_the_byte(client: TestClient, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert second.content == first.content
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["cache-control"] == first.headers["cache-control"]


def test_what_has_not_changed_is_not_sent_again(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    answer = client.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_decision_is_in_the_very_next_list(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    square = get_squares(client)[0]
    row = {"square_id": str(square.id), "kind": "take", "client_id": "one"}
    assert client.post("/api/v1/decisions", json=[row]).status_code == 200

    answer = client.get(path, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.json()["items"][0]["decision"] == "take"


def test_what_any_other_process_has_committed_is_in_the_very_next_list(
    client: TestClient, path: str, database: Database
) -> None:
    for number in range(5):
        tag = client.get(path).headers["etag"]
        known = {"If-None-Match": tag}
        assert client.get(path, headers=known).status_code == 304
        _rename_best_square(database, f"reason {number}")

        answer = client.get(path, headers=known)
        assert answer.status_code == 200
        assert answer.json()["items"][0]["reason"] == f"reason {number}"


def _rename_best_square(database: Database, reason: str) -> None:
    """Change a square and its grid's revision in a process of its own."""
    script = (
        "import sys, sqlalchemy as sa\n"
        "with sa.create_engine(sys.argv[1]).begin() as connection:\n"
        "    connection.execute(sa.text('UPDATE square SET reason = :it'), {'it': sys.argv[2]})\n"
        "    connection.execute(sa.text('UPDATE grid SET revision = revision + 1'))\n"
    )
    url = database.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", script, url, reason], check=True)


def test_what_is_not_committed_yet_is_in_no_list_and_keeps_nobody_waiting(
    client: TestClient, path: str, database: Database
) -> None:
    known = {"If-None-Match": client.get(path).headers["etag"]}
    with database.write() as db:
        db.execute(sa.update(GridRow).values(revision=GridRow.revision + 1))
        assert client.get(path, headers=known).status_code == 304
    assert client.get(path, headers=known).status_code == 200


def test_a_connection_that_was_lost_is_made_again(
    app: FastAPI, client: TestClient, path: str
) -> None:
    known = {"If-None-Match": client.get(path).headers["etag"]}
    with app.state.parts.database.glance() as connection:
        connection.connection.dbapi_connection.close()

    assert [client.get(path, headers=known).status_code for _ in range(3)] == [304] * 3


def test_each_question_has_its_own_list(client: TestClient, path: str) -> None:
    for _ in range(2):
        assert len(client.get(path).json()["items"]) == 2
        assert len(client.get(path, params={"limit": 1}).json()["items"]) == 1
        assert client.get(path, params={"limit": 0}).status_code == 422


def test_a_kept_list_is_for_those_who_may_read(
    app: FastAPI, client: TestClient, path: str, database: Database
) -> None:
    stranger = TestClient(app, base_url="http://localhost:8000")
    forwarded = {"X-Forwarded-For": "10.0.0.1"}
    wrong, writer = {"Authorization": "Bearer xcn_wrong"}, make_token(database, "ingest")
    reader = {"Authorization": f"Bearer {make_token(database, 'read')}"}

    assert client.get(path).status_code == 200
    assert stranger.get(path).status_code == 200
    assert stranger.get(path, headers=forwarded).status_code == 401
    assert stranger.get(path, headers=wrong).status_code == 401
    assert stranger.get(path, headers={"Authorization": f"Bearer {writer}"}).status_code == 403
    assert stranger.get(path, headers=reader).status_code == 200
    with database.write() as db:
        revoke_token(db, "read")
    assert stranger.get(path, headers=reader).status_code == 401


def test_a_service_of_tokens_keeps_lists_from_the_same_machine_too(
    database_url: str, tmp_path: Path, path: str
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, auth=AuthMode.TOKENS)
    closed = TestClient(get_app(settings, queue=RecordingQueue()), base_url="http://localhost:8000")
    assert [closed.get(path).status_code for _ in range(2)] == [401, 401]


def test_both_ways_are_counted_as_one_route(client: TestClient, path: str) -> None:
    for _ in range(3):
        client.get(path)
    numbers = client.get("/metrics").text
    line = 'xcryonet_http_requests_total{method="GET",route="/api/v1/grids/{grid_id}/squares"'
    assert sum(text.startswith(line) for text in numbers.splitlines()) == 1


def test_a_grid_that_is_gone_is_not_found(client: TestClient, path: str) -> None:
    other = path.replace(path.split("/")[4], "00000000-0000-0000-0000-000000000000")
    assert client.get(other).status_code == 404
