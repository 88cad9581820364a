"""What others do in the middle of a transaction, and what a transaction asks, for the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from service.database import Database

on_postgres = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
"""For what cannot happen on SQLite, where one writes at a time and no row is locked."""


@contextmanager
def before_first_lock(database: Database, act: Callable[[], None]) -> Iterator[None]:
    """Do something just before the first row is locked through `database`."""
    left = [act]

    def look(statement: str) -> None:
        if "FOR UPDATE" in statement and left:
            left.pop()()

    with _hearing(database, look):
        yield


@contextmanager
def noting_statements(database: Database) -> Iterator[list[str]]:
    """Note the SQL that goes through `database`."""
    heard: list[str] = []
    with _hearing(database, heard.append):
        yield heard


@contextmanager
def _hearing(database: Database, hear: Callable[[str], None]) -> Iterator[None]:
    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        hear(statement)

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)
