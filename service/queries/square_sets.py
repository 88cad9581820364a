"""The write of a whole set of squares: who is who, what is new, what is gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ingest.records import SquareRecord, SquareSet
from service.blobs import list_missing_blobs
from service.errors import BlobsMissingError, InvalidError
from service.job_queue import ScoreRequest
from service.matching import match_by_distance
from service.queries.changes import add_event, assign, lock_grid, touch_grid
from service.queries.parents import get_or_add_atlas, get_or_add_tiles
from service.queries.scores import list_score_requests, scoring_levels, shown_status
from service.schemas import SquareSetAnswer
from service.scoring_input import Levels, input_key
from service.tables import AtlasRow, DecisionRow, LabelRow, SquareRow, new_id, utc_now


@dataclass
class Tally:
    """How many squares a set changed."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    retired: int = 0

    def any(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.added or self.updated or self.removed or self.retired)


def replace_squares(
    db: Session, record: SquareSet, actor: str
) -> tuple[SquareSetAnswer, Sequence[ScoreRequest]]:
    """Replace what is known of an atlas's squares; each keeps its id for as long as it is seen.

    Returns:
        The squares' ids in the order of the set, and the scores to ask for after the commit.

    Raises:
        InvalidError: if two squares have the same EPU node.
        BlobsMissingError: if a square names a picture that has not been sent.
    """
    twins = _find_twins(record.squares)
    if twins is not None:
        raise InvalidError(f"squares {twins[0]} and {twins[1]} have the same epu_node_id")
    missing = _list_missing_pictures(db, record.squares)
    if missing:
        details: list[dict[str, object]] = [{"sha256": digest} for digest in missing]
        raise BlobsMissingError(f"{len(missing)} pictures not sent: PUT /blobs first", details)
    atlas = get_or_add_atlas(db, record.atlas)
    grid = lock_grid(db, atlas.grid_id)
    known = db.scalars(
        sa.select(SquareRow)
        .where(SquareRow.atlas_id == atlas.id)
        .order_by(SquareRow.retired, SquareRow.stage_x_um, SquareRow.stage_y_um, SquareRow.id)
    ).all()
    partners = find_partners(record.squares, known, record.match_radius_um)
    tally = Tally()
    rows = _write_squares(db, atlas, record.squares, partners, tally)
    seen = {row.id for row in partners.values()}
    _drop_unseen(db, [row for row in known if row.id not in seen], tally)
    if tally.any():
        touch_grid(db, grid)
        detail: dict[str, object] = dict(vars(tally))
        add_event(
            db, "squares.put", actor=actor, grid_id=grid.id, subject_id=atlas.id, detail=detail
        )
    requests = list_score_requests(db, atlas.id)
    waiting = sum(not _is_scored(row) for row in rows)
    return SquareSetAnswer(ids=[row.id for row in rows], waiting=waiting), requests


def find_partners(
    squares: Sequence[SquareRecord], known: Sequence[SquareRow], radius_um: float
) -> dict[int, SquareRow]:
    """Find which known square each new one is: by EPU's node, then by distance, seen ones first.

    Args:
        squares: as seen now.
        known: the atlas's squares so far, retired ones included.
        radius_um: largest stage distance between two sights of one square.

    Returns:
        Known square by index in `squares`; who is missing is new.
    """
    by_node = {row.epu_node_id: row for row in known if row.epu_node_id is not None}
    partners = {
        i: by_node[square.epu_node_id]
        for i, square in enumerate(squares)
        if square.epu_node_id in by_node
    }
    for retired in (False, True):
        taken = {row.id for row in partners.values()}
        left = [i for i in range(len(squares)) if i not in partners]
        free = [row for row in known if row.retired is retired and row.id not in taken]
        pairs = match_by_distance(
            [(squares[i].stage_x_um, squares[i].stage_y_um) for i in left],
            [(row.stage_x_um, row.stage_y_um) for row in free],
            radius_um,
        )
        partners.update({left[i]: free[j] for i, j in pairs.items()})
    return partners


def _write_squares(
    db: Session,
    atlas: AtlasRow,
    squares: Sequence[SquareRecord],
    partners: Mapping[int, SquareRow],
    tally: Tally,
) -> list[SquareRow]:
    tiles = get_or_add_tiles(db, atlas.id, [square.tile_name for square in squares])
    levels = scoring_levels(atlas)
    rows = []
    for i, square in enumerate(squares):
        values = _columns(square, tiles[square.tile_name].id, levels)
        row = partners.get(i)
        if row is None:
            row = SquareRow(id=new_id(), atlas_id=atlas.id, **values)
            db.add(row)
            tally.added += 1
        elif assign(row, values | {"status": shown_status(row.status, complete=square.complete)}):
            row.updated_at = utc_now()
            tally.updated += 1
        rows.append(row)
    return rows


def _columns(square: SquareRecord, tile_id: UUID, levels: Levels) -> dict[str, object]:
    values = square.model_dump(exclude={"tile_name", "corners_px"})
    return values | {
        "tile_id": tile_id,
        "retired": False,
        "corners_px": [[corner.x, corner.y] for corner in square.corners_px],
        "wanted_input": input_key(square.crop_sha256, square.crop_full_scale, levels),
    }


def _drop_unseen(db: Session, unseen: Sequence[SquareRow], tally: Tally) -> None:
    """Remove squares that are no longer seen; retire those that are labelled or decided."""
    kept = _with_history(db, [row.id for row in unseen])
    for row in unseen:
        if row.id not in kept:
            db.delete(row)
            tally.removed += 1
        elif not row.retired:
            row.retired = True
            row.updated_at = utc_now()
            tally.retired += 1


def _with_history(db: Session, square_ids: Sequence[UUID]) -> set[UUID]:
    labelled = sa.select(LabelRow.square_id).where(LabelRow.square_id.in_(square_ids))
    decided = sa.select(DecisionRow.square_id).where(DecisionRow.square_id.in_(square_ids))
    return {square_id for square_id in db.scalars(labelled.union(decided)) if square_id}


def _is_scored(row: SquareRow) -> bool:
    return row.scored_input is not None and row.scored_input == row.wanted_input


def _find_twins(squares: Sequence[SquareRecord]) -> tuple[int, int] | None:
    """Find two squares that claim the same EPU node."""
    seen: dict[int, int] = {}
    for i, square in enumerate(squares):
        if square.epu_node_id is None:
            continue
        first = seen.setdefault(square.epu_node_id, i)
        if first != i:
            return first, i
    return None


def _list_missing_pictures(db: Session, squares: Sequence[SquareRecord]) -> list[str]:
    named = [
        picture for square in squares for picture in (square.crop_sha256, square.thumbnail_sha256)
    ]
    return list_missing_blobs(db, [digest for digest in named if digest is not None], keep=True)
