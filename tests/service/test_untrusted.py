"""What a stranger may send: numbers that are none, text without end, names that lead elsewhere."""

import json

import pytest
from starlette.testclient import TestClient

from tests.service.examples import KEY_JSON, make_square, put_atlas


def test_numbers_that_are_none_and_json_without_end_are_422(client: TestClient) -> None:
    put_atlas(client)
    square = make_square(0, 0).model_dump(mode="json")
    for wrong in ("NaN", "Infinity", "1e999", "-1e999", "[" * 5000, '"' + "x" * 100_000 + '"'):
        body = json.dumps({"atlas": KEY_JSON, "match_radius_um": 20, "squares": [square]})
        body = body.replace('"stage_x_um": 0.0', f'"stage_x_um": {wrong}')
        answer = client.put(
            "/api/v1/squares", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, (wrong[:20], answer.status_code)


def test_a_body_that_is_not_even_text_is_422(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/labels", content=b"\x89V\xff", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


def test_names_that_lead_elsewhere_stay_names(client: TestClient) -> None:
    for name in ("../../etc/passwd", "..\\..\\windows", "a\u202eb", "x" * 255):
        answer = client.put("/api/v1/sessions", json={"key": name})
        assert answer.status_code in (200, 422)
    assert client.get("/static/../settings.py").status_code == 404
    assert client.get("/static/%2e%2e/settings.py").status_code == 404
    assert client.get("/static/..%2f..%2fpyproject.toml").status_code == 404


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_is_422_and_says_so(client: TestClient, time: str) -> None:
    for answer in (
        client.get("/api/v1/audit", params={"since": time}),
        client.get("/api/v1/audit", params={"until": time}),
        client.put("/api/v1/sessions", json={"key": "a", "started_at": time}),
        client.put("/api/v1/atlases", json={"key": KEY_JSON, "acquired_at": time}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert f"time {time} in UTC" in answer.json()["detail"]
