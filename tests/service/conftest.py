"""What the tests of the service share: a client with tokens, and a queue that remembers."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
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


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Undo what a command does to the whole process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
