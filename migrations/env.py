"""Alembic's entry: runs on the connection it is given, else opens the configured database."""

import sqlalchemy as sa
from alembic import context

from service.database import make_engine
from service.tables import Base, UtcDateTime


def render_item(kind: str, item: object, _: object) -> str | bool:
    """Write times as SQLAlchemy's own type: a revision must outlive the service's classes."""
    return (
        "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False
    )


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = make_engine(sa.make_url(context.config.get_main_option("sqlalchemy.url")))
    with engine.execution_options(writes=True).begin() as opened:
        run(opened)
    engine.dispose()
