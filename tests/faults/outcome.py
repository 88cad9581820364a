"""What a session has become in the database, to be compared between a calm run and a wild one."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ingest.records import TileState
from service.database import Database
from service.queries.squares import list_squares
from service.schemas import SquareQuestion
from service.tables import (
    AtlasRow,
    BlobRow,
    FileRow,
    GridRow,
    IngesterRow,
    JobRow,
    JobState,
    PredictionRow,
    SquareRow,
    SquareStatus,
    TileRow,
)

Ranked = tuple[float, float, str, float | None]
"""A square of the ranked list: stage x and y in um, status, overall score."""


class Place(Protocol):
    """Where a square lies."""

    stage_x_um: float
    stage_y_um: float


@dataclass(frozen=True)
class Outcome:
    """All that must not depend on what happened on the way."""

    tiles: dict[str, str]
    ranking: dict[int, list[Ranked]]


def read_outcome(database: Database) -> Outcome:
    """Read tiles by state and every grid's ranked list."""
    with database.read() as db:
        states = db.execute(sa.select(TileRow.name, TileRow.state))
        tiles = {name: state.value for name, state in states}
        grids = db.execute(
            sa.select(GridRow.sample, GridRow.atlas_id).where(GridRow.atlas_id.is_not(None))
        ).all()
        return Outcome(tiles, {sample: _ranking(db, atlas_id) for sample, atlas_id in grids})


def is_finished(database: Database, atlases: int) -> bool:
    """All atlases are complete, everything is scored and nothing is queued or being read."""
    with database.read() as db:
        complete = db.scalar(
            sa.select(sa.func.count()).select_from(AtlasRow).where(AtlasRow.complete)
        )
        waiting = db.scalar(
            sa.select(sa.func.count())
            .select_from(SquareRow)
            .where(
                sa.or_(
                    SquareRow.status == SquareStatus.WAITING,
                    SquareRow.scored_input.is_distinct_from(SquareRow.wanted_input),
                )
            )
        )
        unfinished = db.scalar(
            sa.select(sa.func.count())
            .select_from(JobRow)
            .where(JobRow.state.in_([JobState.QUEUED, JobState.RUNNING, JobState.FAILED]))
        )
        pending = db.scalar(sa.select(sa.func.sum(IngesterRow.files_pending)))
    return complete == atlases and not waiting and not unfinished and pending == 0


def describe(database: Database) -> str:
    """Say how far a run is, for a test that waits in vain."""
    with database.read() as db:
        columns = (TileRow.state, SquareRow.status, JobRow.state, FileRow.state)
        found = [dict(Counter(db.scalars(sa.select(column)))) for column in columns]
        pending = db.scalars(sa.select(IngesterRow.files_pending)).all()
        complete = db.scalars(sa.select(AtlasRow.complete)).all()
    return f"tiles, squares, jobs, files: {found}; pending {pending}; complete {complete}"


def list_faults(database: Database, blob_dir: Path) -> list[str]:
    """List what must never be: lost tiles, doubled squares, jobs given up, files nobody knows."""
    faults = []
    with database.read() as db:
        lost = db.scalars(sa.select(TileRow.name).where(TileRow.state != TileState.PLACED)).all()
        dead = db.execute(
            sa.select(JobRow.id, JobRow.reason).where(JobRow.state == JobState.DEAD)
        ).all()
        scored = db.execute(sa.select(PredictionRow.square_id, PredictionRow.model_id)).all()
        places = db.execute(
            sa.select(SquareRow.atlas_id, SquareRow.stage_x_um, SquareRow.stage_y_um)
            .where(SquareRow.retired.is_(False))
            .order_by(SquareRow.atlas_id, SquareRow.stage_x_um)
        ).all()
        files = set(db.scalars(sa.select(BlobRow.sha256).where(BlobRow.data.is_(None))))
    faults += [f"tile {name} is lost" for name in lost]
    faults += [f"job {job} was given up: {reason}" for job, reason in dead]
    faults += [f"scored twice: {key}" for key, number in Counter(scored).items() if number > 1]
    faults += [
        f"two squares at {one} and {other}"
        for one, other in pairwise(places)
        if one.atlas_id == other.atlas_id and _apart_um(one, other) < 10
    ]
    there = {path.name for path in blob_dir.glob("*/*")}
    faults += [f"file {name} belongs to nothing" for name in sorted(there - files)]
    faults += [f"picture {name} has no file" for name in sorted(files - there)]
    return faults


def _apart_um(one: Place, other: Place) -> float:
    return max(abs(one.stage_x_um - other.stage_x_um), abs(one.stage_y_um - other.stage_y_um))


def _ranking(db: Session, atlas_id: object) -> list[Ranked]:
    squares = list_squares(db, atlas_id, SquareQuestion(limit=5000)).items
    return [
        (
            round(square.stage_x_um or 0.0, 2),
            round(square.stage_y_um or 0.0, 2),
            square.status.value,
            None if square.overall is None else round(square.overall, 3),
        )
        for square in squares
    ]
