"""Many readers at once, none of whom waits for another's thread, and tags of lists."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from importlib.metadata import version

import httpx2
from fastapi import FastAPI
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.testclient import TestClient

from service.app import get_app
from service.settings import Settings
from service.web import list_tag, weak_etag
from tests.service.examples import RecordingQueue

READERS = 200


def test_two_hundred_readers_at_once_are_all_answered(app: FastAPI) -> None:
    async def ask_all() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client,
        ):
            return await asyncio.gather(*(client.get("/api/v1/grids") for _ in range(READERS)))

    with ThreadPoolExecutor(1) as beside:  # a browser's tests leave a loop in this thread
        answers = beside.submit(asyncio.run, ask_all()).result()
    assert {answer.status_code for answer in answers} == {HTTPStatus.OK}


def test_a_wait_for_a_connection_in_vain_is_a_503(settings: Settings) -> None:
    app = get_app(settings, queue=RecordingQueue())

    @app.get("/crowded")
    def crowded() -> None:
        raise PoolTimeoutError("QueuePool limit reached")

    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.get("/crowded")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer.headers["retry-after"] == "2"


def test_a_list_s_tag_says_which_release_made_it() -> None:
    release = version("xcryonet").encode()
    assert list_tag(7, "limit=2") == weak_etag(release, b"7", b"limit=2")
    assert list_tag(7, "limit=2") != weak_etag(b"0.0.9", b"7", b"limit=2")
