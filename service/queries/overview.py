"""How far everything is, in a few numbers."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.tables import GridRow, JobRow, JobState, WorkerRow


@dataclass(frozen=True)
class Overview:
    """Counts over all grids, workers and jobs."""

    grids: int
    tiles: int
    squares: int
    scored: int
    workers: int
    dead_jobs: int


def get_overview(session: Session) -> Overview:
    """Count."""
    grids, tiles, squares, scored = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(GridRow.tiles_placed), 0),
            sa.func.coalesce(sa.func.sum(GridRow.squares), 0),
            sa.func.coalesce(sa.func.sum(GridRow.squares_scored), 0),
        ).select_from(GridRow)
    ).one()
    workers = sa.select(sa.func.count()).select_from(WorkerRow)
    dead = sa.select(sa.func.count()).select_from(JobRow).where(JobRow.state == JobState.DEAD)
    return Overview(
        grids=grids,
        tiles=tiles,
        squares=squares,
        scored=scored,
        workers=session.scalar(workers) or 0,
        dead_jobs=session.scalar(dead) or 0,
    )
