"""The ledger of files, and the signs of life of ingest processes and workers."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ingest.records import FileRecord, FileState, IngestRecord
from service.queries.changes import assign
from service.queries.counting import count
from service.queries.parents import insert_if_new
from service.schemas import FileAnswer, IngesterAnswer, Page, WorkerAnswer
from service.tables import FileRow, IngesterRow, WorkerRow, utc_now


def put_files(db: Session, records: Sequence[FileRecord]) -> int:
    """Store lines of the ledger; the last of several for one path counts.

    Returns:
        How many lines said something new.
    """
    newest = {record.path: record for record in records}
    rows = {row.path: row for row in _rows_of(db, sorted(newest))}
    for path in sorted(newest.keys() - rows.keys()):
        insert_if_new(db, FileRow, newest[path].model_dump())
    changed = [row for path, row in sorted(rows.items()) if assign(row, newest[path].model_dump())]
    for row in changed:
        row.updated_at = utc_now()
    return len(changed) + len(newest.keys() - rows.keys())


def put_ingester(db: Session, record: IngestRecord) -> None:
    """Store an ingest process's sign of life."""
    values = record.model_dump() | {"seen_at": utc_now()}
    insert_if_new(db, IngesterRow, values)
    assign(db.get_one(IngesterRow, record.name), values)


def list_files(
    db: Session, states: Sequence[FileState], limit: int, offset: int
) -> Page[FileAnswer]:
    """List lines of the ledger, the newest change first; no states means all."""
    question = sa.select(FileRow)
    if states:
        question = question.where(FileRow.state.in_(states))
    total = count(db, question)
    ordered = question.order_by(FileRow.updated_at.desc(), FileRow.path)
    rows = db.scalars(ordered.limit(limit).offset(offset))
    return Page(items=[FileAnswer.model_validate(row) for row in rows], total=total)


def list_ingesters(db: Session, limit: int, offset: int) -> Page[IngesterAnswer]:
    """List ingest processes, the last seen first."""
    question = sa.select(IngesterRow).order_by(IngesterRow.seen_at.desc(), IngesterRow.name)
    rows = db.scalars(question.limit(limit).offset(offset))
    items = [IngesterAnswer.model_validate(row) for row in rows]
    return Page(items=items, total=count(db, question))


def list_workers(db: Session, limit: int, offset: int) -> Page[WorkerAnswer]:
    """List workers, the last seen first."""
    question = sa.select(WorkerRow).order_by(WorkerRow.seen_at.desc(), WorkerRow.id)
    rows = db.scalars(question.limit(limit).offset(offset))
    items = [WorkerAnswer.model_validate(row) for row in rows]
    return Page(items=items, total=count(db, question))


def _rows_of(db: Session, paths: Sequence[str]) -> list[FileRow]:
    rows: list[FileRow] = []
    for start in range(0, len(paths), 1000):
        part = paths[start : start + 1000]
        rows.extend(db.scalars(sa.select(FileRow).where(FileRow.path.in_(part))))
    return rows
