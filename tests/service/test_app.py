"""The application as a whole: health, headers, errors, numbers, the page and its document."""

from pathlib import Path

import pytest
from alembic import command
from starlette.testclient import TestClient

from service.app import get_app
from service.database import Database, alembic_config
from service.openapi import openapi_text
from service.settings import Settings
from tests.needs import ROOT
from tests.service.examples import RecordingQueue, make_square, put_squares


def test_a_ready_service_says_so(visitor: TestClient) -> None:
    assert visitor.get("/healthz").json() == {"status": "ok"}
    answer = visitor.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "missing": []}


def test_a_service_without_its_tables_says_what_is_missing(
    visitor: TestClient, database: Database
) -> None:
    command.downgrade(alembic_config(database.url), "base")
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert "expected 00" in answer.json()["missing"][0]
    assert visitor.get("/healthz").status_code == 200


def test_a_service_whose_database_is_away_answers_503(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"
    app = get_app(Settings(data_dir=tmp_path, database_url=url), queue=RecordingQueue())
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.get("/api/v1/grids")
        assert answer.status_code == 503
        assert answer.json()["code"] == "database_away"
        assert client.get("/readyz").status_code == 503
        metrics = client.get("/metrics")
        assert metrics.status_code == 200
        assert "xcryonet_database_up 0.0" in metrics.text


def test_every_answer_carries_the_security_headers(visitor: TestClient) -> None:
    for path in ("/", "/grids/some", "/static/js/main.js", "/api/v1/grids", "/api/v1/nothing"):
        answer = visitor.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_stands_under_every_address_that_it_shows(visitor: TestClient) -> None:
    pages = [visitor.get(path) for path in ("/", "/grids/x", "/sessions/x")]
    assert {page.status_code for page in pages} == {200}
    assert len({page.text for page in pages}) == 1
    assert "<script>" not in pages[0].text


def test_errors_have_one_shape(client: TestClient) -> None:
    for answer in (
        client.get("/api/v1/nothing"),
        client.get("/api/v1/grids/no-uuid"),
        client.patch("/api/v1/grids"),
        client.put("/api/v1/sessions", content=b"{", headers={"Content-Type": "application/json"}),
    ):
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) == {"detail", "code", "errors"}


def test_an_unexpected_error_is_a_500_without_its_inside(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = get_app(settings, queue=RecordingQueue())

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret")

    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text
    assert "secret" not in caplog.text


def test_numbers_for_prometheus_count_requests_and_squares(client: TestClient) -> None:
    put_squares(client, [make_square(0, 0), make_square(100, 0)])
    grid_id = client.get("/api/v1/grids").json()["items"][0]["id"]
    client.get(f"/api/v1/grids/{grid_id}")
    text = client.get("/metrics").text
    assert 'xcryonet_squares{state="waiting"} 2.0' in text
    assert 'route="/api/v1/grids/{grid_id}",status="200"' in text
    assert "xcryonet_database_up 1.0" in text


def test_methods_that_nobody_knows_are_counted_as_one(client: TestClient) -> None:
    for method in ("FOO1", "FOO2"):
        assert client.request(method, "/healthz").status_code == 405
    text = client.get("/metrics").text
    assert 'xcryonet_http_requests_total{method="other",route="/healthz",status="405"} 2.0' in text
    assert "FOO" not in text


def test_the_committed_document_is_the_application_s() -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert committed == openapi_text(), "run: python -m service.openapi docs/openapi.json"
