"""Numbers for Prometheus that stand in the database: read when they are asked for."""

from collections.abc import Iterable

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.database import Database
from service.tables import FileRow, IngesterRow, JobRow, SquareRow, WorkerRow, utc_now


class DatabaseGauges(Collector):
    """How many jobs, squares and files are in which state, and who was last seen when."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Read the numbers; none but `xcryonet_database_up` when the database is away."""
        up = GaugeMetricFamily("xcryonet_database_up", "1 when the database answers")
        try:
            with self.database.read() as db:
                families = [*_states(db), *_ages(db)]
            up.add_metric([], 1)
        except SQLAlchemyError:
            families = []
            up.add_metric([], 0)
        return [up, *families]

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name nothing in advance, so that registering asks no database."""
        return []


def _states(db: Session) -> Iterable[GaugeMetricFamily]:
    columns = {"jobs": JobRow.state, "files": FileRow.state, "squares": SquareRow.status}
    for name, column in columns.items():
        family = GaugeMetricFamily(f"xcryonet_{name}", f"{name} by state", labels=["state"])
        for state, number in db.execute(sa.select(column, sa.func.count()).group_by(column)):
            family.add_metric([str(state)], number)
        yield family


def _ages(db: Session) -> Iterable[GaugeMetricFamily]:
    now = utc_now()
    columns = {
        "worker": (WorkerRow.id, WorkerRow.seen_at),
        "ingester": (IngesterRow.name, IngesterRow.seen_at),
    }
    for name, (key, seen_at) in columns.items():
        family = GaugeMetricFamily(
            f"xcryonet_{name}_silent_seconds", f"Time since a {name} was seen", labels=[name]
        )
        for value, seen in db.execute(sa.select(key, seen_at)):
            family.add_metric([value], max(0.0, (now - seen).total_seconds()))
        yield family
