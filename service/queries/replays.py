"""Rows sent in bulk: what each names is there, and one that is sent again is stored once."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import ConflictError, InvalidError
from service.tables import DecisionRow, LabelRow

Row = TypeVar("Row", DecisionRow, LabelRow)


def require_all(found: Sequence[UUID | None], fields: Sequence[str], what: str) -> list[UUID]:
    """Give what the rows name, all of which must be there.

    Args:
        found: by row; None where there is none.
        fields: by row, the one that names it.
        what: it is, for people.

    Raises:
        InvalidError: if one is not there; says which rows.
    """
    unknown = [i for i, found_id in enumerate(found) if found_id is None]
    if unknown:
        raise InvalidError(
            f"rows {', '.join(map(str, unknown))}: no such {what}",
            [{"row": i, "field": fields[i]} for i in unknown],
        )
    return [found_id for found_id in found if found_id is not None]


def add_once(
    db: Session,
    table: type[Row],
    said: Sequence[Mapping[str, object]],
    add: Callable[[Session, Mapping[str, object]], Row],
) -> tuple[list[Row], list[Row]]:
    """Add what is not there yet, told by its `client_id`.

    Args:
        db: a writing session; what the rows belong to is locked.
        table: of the rows.
        said: columns of each row, all that was said of it.
        add: adds a row.

    Returns:
        All rows in the order given, and the new ones among them.

    Raises:
        ConflictError: if a `client_id` is taken by a row that says something else.
    """
    known = table.client_id.in_([columns["client_id"] for columns in said])
    stored = {row.client_id: row for row in db.scalars(sa.select(table).where(known))}
    rows, new = [], []
    for i, columns in enumerate(said):
        name = str(columns["client_id"])
        row = stored.get(name)
        if row is None:
            row = stored[name] = add(db, columns)
            new.append(row)
        elif any(getattr(row, column) != value for column, value in columns.items()):
            raise ConflictError(
                f"row {i}: client_id {name!r} is taken by another {table.__tablename__}",
                [{"row": i, "field": "client_id"}],
            )
        rows.append(row)
    return rows, new
