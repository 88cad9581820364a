"""What the tests of the service share: a client with tokens, and a queue that remembers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.app import get_app
from service.database import Database
from service.settings import Settings
from tests.service.examples import RecordingQueue, make_token


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url)


@pytest.fixture
def app(settings: Settings, queue: RecordingQueue) -> FastAPI:
    return get_app(settings, queue=queue)


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    """Give a client without a token."""
    with TestClient(app, base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
def client(visitor: TestClient, database: Database) -> TestClient:
    """Give a client that may do everything."""
    visitor.headers["Authorization"] = f"Bearer {make_token(database, 'admin')}"
    return visitor
