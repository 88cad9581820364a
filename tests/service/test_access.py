"""Who may do what: every route against tokens, local pages and other sites."""

import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.app import get_app
from service.database import Database
from service.limits import WRONG_TOKENS_A_MINUTE
from service.settings import AuthMode, Settings
from service.tables import TokenRow
from service.tokens import revoke_token
from tests.service.examples import RecordingQueue, make_token

OPEN = {"/healthz", "/readyz", "/api/v1/login", "/api/v1/logout"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def list_operations(app: FastAPI) -> list[tuple[str, str]]:
    """List every documented (method, address) with ids filled in."""
    filled = {
        "{sha256}": "a" * 64,
        "{attribute}": "cracking",
        "{model_id}": "model",
    }
    operations = []
    for path, methods in app.openapi()["paths"].items():
        address = path
        for name, value in filled.items():
            address = address.replace(name, value)
        parts = [NOBODY if part.startswith("{") else part for part in address.split("/")]
        operations += [(method.upper(), "/".join(parts)) for method in methods]
    return [operation for operation in operations if operation[1] not in OPEN]


def serve(settings: Settings, **changes: object) -> TestClient:
    changed = settings.model_copy(update=changes)
    app = get_app(changed, queue=RecordingQueue())
    return TestClient(app, base_url="http://localhost:8000")


def test_every_route_of_a_reachable_service_needs_a_token(app: FastAPI, settings: Settings) -> None:
    operations = list_operations(app)
    assert len(operations) > 35
    with serve(settings, host="0.0.0.0") as client:
        for method, path in operations:
            answer = client.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.json()["code"] == "no_token"
            assert answer.headers["www-authenticate"] == "Bearer"


def test_every_route_refuses_a_token_of_another_scope(
    visitor: TestClient, app: FastAPI, database: Database
) -> None:
    writes = {"PUT": "label", "POST": "read", "DELETE": "ingest", "GET": "ingest"}
    tokens = {scope: make_token(database, scope) for scope in ("label", "read", "ingest")}
    for method, path in list_operations(app):
        scope = "label" if path == "/api/v1/blobs/missing" else writes[method]
        headers = {"Authorization": f"Bearer {tokens[scope]}"}
        answer = visitor.request(method, path, headers=headers)
        assert answer.status_code == 403, (method, path)
        assert answer.json()["code"] == "forbidden"


def test_the_page_of_this_machine_may_read_label_and_decide_without_a_token(
    visitor: TestClient,
) -> None:
    assert visitor.get("/api/v1/grids").status_code == 200
    row = {"square_id": NOBODY, "author": "an", "overall": 1}
    assert visitor.post("/api/v1/labels", json=[row]).status_code == 422
    decision = {"square_id": NOBODY, "kind": "take"}
    assert visitor.post("/api/v1/decisions", json=[decision]).status_code == 422
    assert visitor.put("/api/v1/sessions", json={"key": "a"}).status_code == 401
    assert visitor.post("/api/v1/models/m/promote").status_code == 401


def test_another_site_s_page_may_not_write_through_the_browser(visitor: TestClient) -> None:
    decision = {"square_id": NOBODY, "kind": "take"}
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = visitor.post("/api/v1/decisions", json=[decision], headers=headers)
        assert answer.status_code == 403
    own = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
    assert visitor.post("/api/v1/decisions", json=[decision], headers=own).status_code == 422


def test_a_form_of_another_site_cannot_pass_for_json(visitor: TestClient) -> None:
    body = '[{"square_id": "00000000-0000-4000-8000-000000000000", "kind": "take"}]'
    for media_type in ("text/plain", "application/x-www-form-urlencoded"):
        headers = {"Content-Type": media_type}
        answer = visitor.post("/api/v1/decisions", content=body, headers=headers)
        assert answer.status_code == 422
        assert "no such square" not in answer.json()["detail"]


def test_a_name_that_only_points_here_is_not_local(visitor: TestClient) -> None:
    headers = {"Host": "rebound.example:8000"}
    assert visitor.get("/api/v1/grids", headers=headers).status_code == 401


def test_a_forwarded_request_is_not_local(visitor: TestClient) -> None:
    headers = {"X-Forwarded-For": "10.0.0.7"}
    assert visitor.get("/api/v1/grids", headers=headers).status_code == 401


def test_open_reads_let_everybody_read_and_nobody_write(settings: Settings) -> None:
    with serve(settings, host="0.0.0.0", auth=AuthMode.OPEN_READS) as client:
        assert client.get("/api/v1/grids").status_code == 200
        answer = client.post("/api/v1/decisions", json=[{"square_id": NOBODY, "kind": "take"}])
        assert answer.status_code == 401


def test_tokens_may_be_asked_for_even_on_loopback(settings: Settings) -> None:
    with serve(settings, auth=AuthMode.TOKENS) as client:
        assert client.get("/api/v1/grids").status_code == 401
        assert client.get("/healthz").status_code == 200


def test_a_token_is_stored_as_a_hash_and_useless_once_revoked(
    visitor: TestClient, database: Database
) -> None:
    plain = make_token(database, "read")
    with database.read() as db:
        (row,) = db.scalars(sa.select(TokenRow)).all()
    assert plain not in str(vars(row))
    headers = {"Authorization": f"Bearer {plain}"}
    assert visitor.get("/api/v1/grids", headers=headers).status_code == 200
    with database.write() as db:
        assert revoke_token(db, "read") == 1
    assert visitor.get("/api/v1/grids", headers=headers).status_code == 401


def test_wrong_tokens_do_not_shut_out_who_had_a_right_one(client: TestClient) -> None:
    assert client.get("/api/v1/grids").status_code == 200
    wrong = {"Authorization": "Bearer revoked"}
    refused = {
        client.get("/api/v1/grids", headers=wrong).status_code
        for _ in range(WRONG_TOKENS_A_MINUTE + 10)
    }
    assert refused == {401, 429}
    assert client.get("/api/v1/grids").status_code == 200


def test_a_browser_keeps_its_token_where_pictures_can_use_it(
    settings: Settings, database: Database
) -> None:
    plain = make_token(database, "read", "decide")
    with serve(settings, host="0.0.0.0") as client:
        assert client.post("/api/v1/login", json={"token": "wrong"}).status_code == 401
        answer = client.post("/api/v1/login", json={"token": plain})
        assert answer.json() == {"name": "read-decide", "scopes": ["decide", "read"]}
        kept = answer.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=strict" in kept
        assert client.get("/api/v1/grids").status_code == 200
        decision = [{"square_id": NOBODY, "kind": "take"}]
        foreign = {"Origin": "https://elsewhere.example"}
        assert client.post("/api/v1/decisions", json=decision).status_code == 422
        assert client.post("/api/v1/decisions", json=decision, headers=foreign).status_code == 403
        assert client.post("/api/v1/logout").status_code == 204
        assert client.get("/api/v1/grids").status_code == 401
