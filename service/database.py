"""The database: one engine for SQLite or Postgres, reading sessions and writing transactions.

SQLite gets WAL, a busy timeout and `BEGIN IMMEDIATE` for writers: a deferred transaction that reads
before it writes fails under a second writer however long it waits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

import migrations

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for another."""

STUCK_WRITER_S = 60.0
"""How long Postgres bears a transaction that holds locks and does nothing: its process may be
frozen or its machine gone, and all others would wait for it."""

POOL = {"pool_size": 10, "max_overflow": 40}
"""Connections kept, and those beyond: more in all than the 40 threads of the web process, so that
none waits for another's."""

ALONE = "AUTOCOMMIT"
"""SQLAlchemy's name for statements that each are a transaction of their own."""


class Database:
    """The way to the tables: `read()` for questions, `write()` for one transaction."""

    def __init__(self, url: URL | str, stuck_writer_s: float = STUCK_WRITER_S) -> None:
        """Make the engine; connects at first use.

        Args:
            url: `sqlite:///...` or `postgresql+psycopg://...`.
            stuck_writer_s: how long Postgres bears a writer that holds locks and does nothing.
        """
        self.url = sa.make_url(url)
        self.engine = make_engine(self.url, stuck_writer_s)
        self._writer = self.engine.execution_options(writes=True)
        self._glancer = (
            _make_glancer(self.url)
            if self.is_file
            else self.engine.execution_options(isolation_level=ALONE)
        )
        self._file: sa.Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only asks; what it changed would be rolled back."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open one writing transaction: committed at the end, rolled back when the block raises."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def glance(self) -> Iterator[sa.Connection]:
        """Connect for single questions, each of which sees all that was committed before it.

        To a SQLite file there is one such connection, kept for whoever runs the loop: it waits for
        nobody, and answers or refuses within microseconds.

        Raises:
            SQLAlchemyError: as the block does.
        """
        if not self.is_file:
            with self._glancer.connect() as connection:
                yield connection
            return
        self._file = self._file or self._open_file()
        try:
            yield self._file
        except SQLAlchemyError:
            self._close_file()
            raise

    @property
    def is_file(self) -> bool:
        """Tell whether the database is a file that this process reads itself."""
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        """Close the connections."""
        self._close_file()
        self.engine.dispose()

    def _open_file(self) -> sa.Connection:
        connection = self._glancer.connect()
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        return connection

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def make_engine(url: URL, stuck_writer_s: float = STUCK_WRITER_S) -> Engine:
    """Make an engine with what each database needs to serve several processes."""
    if url.get_backend_name() != "sqlite":
        engine = sa.create_engine(url, pool_pre_ping=True, **POOL)
        event.listen(engine, "begin", partial(_begin_postgres, stuck_writer_s))
        return engine
    if url.database not in (None, "", ":memory:"):
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, **POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_glancer(url: URL) -> Engine:
    """Make an engine for single questions to a SQLite file, whose one connection is in no pool."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level=ALONE)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def migrate(url: URL | str, revision: str = "head") -> None:
    """Bring the database's tables to a revision, by default the newest."""
    config = alembic_config(url)
    engine = make_engine(sa.make_url(url))
    try:
        with engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def find_missing_migration(engine: Engine) -> str | None:
    """Find what a database lacks: None when its tables are at the newest revision.

    Returns:
        A sentence that names the revision found and the one expected.
    """
    head = ScriptDirectory.from_config(alembic_config(engine.url)).get_current_head()
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found == head:
        return None
    return f"database is at revision {found or 'none'}, expected {head}: run `xcryonet migrate`"


def alembic_config(url: URL | str) -> Config:
    """Make Alembic's configuration for a database, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    rendered = sa.make_url(url).render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", rendered.replace("%", "%%"))
    return config


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    driver = (
        connection.driver_connection if hasattr(connection, "driver_connection") else connection
    )
    if isinstance(driver, SqliteConnection):
        driver.isolation_level = None  # SQLAlchemy's begin event below opens transactions
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgres(stuck_writer_s: float, connection: sa.Connection) -> None:
    if _writes(connection):
        limit_ms = round(stuck_writer_s * 1000)
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {limit_ms}")


def _writes(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("writes", False))
