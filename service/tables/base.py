"""What all tables share: names of constraints, times in UTC, enums stored as their values."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from service.errors import InvalidError


class TimeOutsideError(DontWrapMixin, InvalidError):
    """A time that in UTC has no date; SQLAlchemy passes it on as it is."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored as UTC; SQLite has no zones, so they are given back here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn an aware time into UTC.

        Raises:
            ValueError: if the time has no zone.
            TimeOutsideError: if it is beyond the calendar in UTC.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value.isoformat()}")
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise TimeOutsideError(
                f"expected the time {value.isoformat()} in UTC to be in the years 1 to 9999"
            ) from error

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give a stored time its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The tables' common root."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy as it stands
        datetime: UtcDateTime(),
        UUID: sa.Uuid(),
        str: sa.String(),
        float: sa.Double(),
        bytes: sa.LargeBinary(),
    }


def enum_column(kind: type[StrEnum], name: str) -> sa.Enum:
    """Make the type of a column that holds an enum's values, checked by the database.

    Args:
        kind: the enum.
        name: the check constraint's name within its table.
    """
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=_values,
    )


def between(column: str, low: float, high: float) -> sa.CheckConstraint:
    """Make a check that a column lies in a closed range; empty passes."""
    return sa.CheckConstraint(
        f"{column} >= {low:g} AND {column} <= {high:g}", name=f"{column}_range"
    )


def new_id() -> UUID:
    """Make a random id."""
    return uuid4()


def utc_now() -> datetime:
    """Get the time, aware."""
    return datetime.now(UTC)


def _values(kind: type[StrEnum]) -> list[str]:
    return [str(member.value) for member in kind]
