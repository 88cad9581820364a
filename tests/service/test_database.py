"""Writers at once, times with zones, migrations up and down."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from service.database import Database, alembic_config, find_missing_migration, migrate
from service.patience import is_passing
from service.tables import Base, GridRow, SessionRow


def test_no_reader_then_writer_is_lost_among_four_at_once(database: Database) -> None:
    with database.write() as db:
        session = SessionRow(key="a")
        db.add(session)
        db.flush()
        db.add(GridRow(session_id=session.id, sample=1))

    def add_one(_: int) -> None:
        with database.write() as db:
            grid = db.scalars(sa.select(GridRow).with_for_update()).one()
            grid.revision += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))
    with database.read() as db:
        assert db.scalar(sa.select(GridRow.revision)) == 40


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def write_and_raise() -> None:
        with database.write() as db:
            db.add(SessionRow(key="a"))
            db.flush()
            raise LookupError

    with pytest.raises(LookupError):
        write_and_raise()
    with database.read() as db:
        assert db.scalars(sa.select(SessionRow)).all() == []


def test_a_writer_that_stands_still_in_postgres_is_put_out_and_the_next_goes_on(
    database: Database,
) -> None:
    if database.engine.dialect.name != "postgresql":
        pytest.skip("a SQLite file is locked as long as who locked it lives")
    with database.write() as db:
        db.add(SessionRow(key="a"))
    impatient = Database(database.url, stuck_writer_s=0.2)

    def stand_still() -> None:
        with impatient.write() as db:
            db.scalars(sa.select(SessionRow).with_for_update()).one().key = "b"
            db.flush()
            with database.write() as other:
                other.scalars(sa.select(SessionRow).with_for_update()).one().key = "c"

    with pytest.raises(DBAPIError, match="idle-in-transaction") as found:
        stand_still()
    assert is_passing(found.value)
    impatient.close()
    with database.read() as db:
        assert db.scalars(sa.select(SessionRow.key)).all() == ["c"]
        assert db.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "0"


def test_times_come_back_as_utc_and_need_a_zone(database: Database) -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as db:
        db.add(SessionRow(key="a", started_at=noon))
    with database.read() as db:
        started = db.scalars(sa.select(SessionRow)).one().started_at
    assert started == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert started.tzinfo is UTC
    with pytest.raises(StatementError, match="without a zone"), database.write() as db:
        db.add(SessionRow(key="b", started_at=noon.replace(tzinfo=None)))


def test_the_database_itself_refuses_what_no_row_may_hold(database: Database) -> None:
    with database.write() as db:
        session = SessionRow(key="a")
        db.add(session)
        db.flush()
        values = {"session_id": session.id.hex, "sample": 1, "state": "unknown"}
        with pytest.raises(IntegrityError):
            db.execute(
                sa.text(
                    "INSERT INTO grid (id, session_id, sample, state, revision, tiles_placed, "
                    "tiles_waiting, tiles_failed, squares, squares_scored, squares_usable, "
                    "created_at, updated_at) VALUES (:session_id, :session_id, :sample, :state, "
                    "0, 0, 0, 0, 0, 0, 0, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
                ),
                values,
            )
        db.rollback()


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    with database.engine.connect() as connection:
        config = alembic_config(database.url)
        config.attributes["connection"] = connection
        command.check(config)


def test_the_migrations_make_the_same_constraints_as_the_tables(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("compared on SQLite, where checks are kept as written")
    fresh = Database(f"sqlite:///{tmp_path_factory.mktemp('fresh')}/tables.sqlite")
    with fresh.engine.begin() as connection:
        Base.metadata.create_all(connection)
    assert _checks(database) == _checks(fresh)
    assert sum(len(checks) for checks in _checks(database).values()) > 20
    fresh.close()


def test_migrations_go_down_to_nothing_and_up_again(database: Database) -> None:
    config = alembic_config(database.url)
    command.downgrade(config, "base")
    assert set(sa.inspect(database.engine).get_table_names()) == {"alembic_version"}
    assert "revision none" in (find_missing_migration(database.engine) or "")
    migrate(database.url)
    assert find_missing_migration(database.engine) is None
    assert set(Base.metadata.tables) <= set(sa.inspect(database.engine).get_table_names())


def test_a_password_with_odd_characters_survives_the_way_to_alembic() -> None:
    url = "postgresql+psycopg://an:p%40ss%25@db/screening"
    assert alembic_config(url).get_main_option("sqlalchemy.url") == url


def _checks(database: Database) -> dict[str, set[tuple[str | None, str]]]:
    inspector = sa.inspect(database.engine)
    return {
        name: {
            (check["name"], " ".join(check["sqltext"].split()))
            for check in inspector.get_check_constraints(name)
        }
        for name in Base.metadata.tables
    }
