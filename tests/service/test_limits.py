import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from service.limits import BURST_S, WRONG_TOKENS_A_MINUTE, LimitRate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def answer(request: Request) -> PlainTextResponse:
    token = request.headers.get("authorization")
    right = token in (None, "Bearer right", "Bearer other")
    if token is not None and right:
        request.state.token_known = True
    return PlainTextResponse("", status_code=200 if right else 401)


def say_nothing_of_tokens(_: Request) -> PlainTextResponse:
    return PlainTextResponse("well")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asker(clock: Clock) -> TestClient:
    app = Starlette(routes=[Route("/", answer), Route("/health", say_nothing_of_tokens)])
    return TestClient(LimitRate(app, per_s=5.0, clock=clock))


def test_an_address_that_asks_too_often_waits(asker: TestClient, clock: Clock) -> None:
    burst = round(5 * BURST_S)

    codes = [asker.get("/").status_code for _ in range(burst + 1)]
    clock.now += 1.0
    later = [asker.get("/").status_code for _ in range(6)]

    assert codes == [200] * burst + [429]
    assert later == [200] * 5 + [429]
    assert asker.get("/").headers["retry-after"] == "1"
    assert asker.get("/").json()["code"] == "too_many"


def test_an_address_that_tries_token_after_token_is_shut_out_for_a_while(
    asker: TestClient, clock: Clock
) -> None:
    wrong, right = ({"Authorization": f"Bearer {token}"} for token in ("wrong", "right"))
    for _ in range(WRONG_TOKENS_A_MINUTE):
        assert asker.get("/", headers=wrong).status_code == 401
        clock.now += 0.2

    assert asker.get("/", headers=wrong).status_code in (401, 429)
    clock.now += 0.2
    shut_out = [asker.get("/", headers=wrong).status_code for _ in range(5)]
    clock.now += 0.2

    assert shut_out[-1] == 429
    assert asker.get("/").status_code == 200
    clock.now += 60
    assert asker.get("/", headers=right).status_code == 200


def test_a_token_that_was_right_before_is_let_in_beside_wrong_ones(
    asker: TestClient, clock: Clock
) -> None:
    wrong, right, other = (
        {"Authorization": f"Bearer {token}"} for token in ("wrong", "right", "other")
    )
    assert asker.get("/", headers=right).status_code == 200
    assert asker.get("/health", headers=other).status_code == 200  # which asks for no token
    for _ in range(WRONG_TOKENS_A_MINUTE + 10):
        asker.get("/", headers=wrong)
        clock.now += 0.2

    shut_out = [asker.get("/", headers=wrong).status_code for _ in range(5)]

    assert shut_out[-1] == 429
    assert asker.get("/", headers=right).status_code == 200
    assert asker.get("/", headers=other).status_code == 429
