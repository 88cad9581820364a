"""Remove pictures that nothing shows any more: crops cut anew, and what a crash left behind."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs import BlobStore
from service.database import Database
from service.tables import BlobRow, PredictionRow, SquareRow, TileRow, utc_now

AT_ONCE = 500

NAMED = (
    SquareRow.crop_sha256,
    SquareRow.thumbnail_sha256,
    PredictionRow.attention_cracking_sha256,
    PredictionRow.attention_contamination_sha256,
)


def sweep(database: Database, blobs: BlobStore, older_than: timedelta) -> int:
    """Remove what nothing names.

    Args:
        database: names what is in use.
        blobs: where pictures are kept.
        older_than: younger ones stay: pictures come before the squares that name them.

    Returns:
        How many pictures and files were removed.
    """
    before = utc_now() - older_than
    with database.read() as db:
        useless = _list_useless(db, before)
    removed = 0
    for start in range(0, len(useless), AT_ONCE):
        removed += _remove(database, blobs, useless[start : start + AT_ONCE])
    with database.read() as db:
        known = set(db.scalars(sa.select(BlobRow.sha256).where(BlobRow.data.is_(None))))
    strays = [path for path in _list_files(blobs.folder, before) if path.name not in known]
    for path in strays:
        path.unlink(missing_ok=True)
    return removed + len(strays)


def _list_useless(db: Session, before: datetime) -> list[str]:
    shown = _list_tile_images(db)
    named = sa.union(*(sa.select(column).where(column.is_not(None)) for column in NAMED))
    question = sa.select(BlobRow.sha256).where(
        BlobRow.created_at < before, BlobRow.sha256.not_in(named)
    )
    return [sha for sha in db.scalars(question.order_by(BlobRow.sha256)) if sha not in shown]


def _list_tile_images(db: Session) -> set[str]:
    return {sha for images in db.scalars(sa.select(TileRow.images)) for sha in images}


def _remove(database: Database, blobs: BlobStore, digests: list[str]) -> int:
    """Remove rows and their files, but for those that have been named since they were listed.

    Who stores or names one of them waits for the commit, or is waited for here.
    """
    with database.write() as db:
        mine = sa.select(BlobRow.sha256).where(BlobRow.sha256.in_(digests))
        locked = set(db.scalars(mine.order_by(BlobRow.sha256).with_for_update()))
        left = locked - _list_tile_images(db)
        named = sa.union(*(sa.select(column).where(column.in_(left)) for column in NAMED))
        question = sa.delete(BlobRow).where(BlobRow.sha256.in_(left), BlobRow.sha256.not_in(named))
        gone = db.scalars(question.returning(BlobRow.sha256)).all()
        for sha in gone:
            blobs.path(sha).unlink(missing_ok=True)
    return len(gone)


def _list_files(folder: Path, before: datetime) -> Iterator[Path]:
    for path in folder.glob("??/*"):
        try:
            if path.stat().st_mtime < before.timestamp():
                yield path
        except FileNotFoundError:
            continue
