"""A grid's whole ranking with its atlas and decisions: what exports are made of."""

from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import ConflictError
from service.exports import Ranking
from service.queries.decisions import list_decisions
from service.queries.grids import get_atlas, get_grid
from service.queries.squares import list_squares
from service.schemas import SquareQuestion


def get_ranking(db: Session, grid_id: UUID, ask: SquareQuestion) -> Ranking:
    """Get a grid's squares with all that an export says of them.

    Raises:
        ConflictError: if the grid has no atlas yet.
    """
    grid = get_grid(db, grid_id)
    if grid.atlas_id is None:
        raise ConflictError(f"grid {grid_id} has no atlas yet")
    atlas = get_atlas(db, grid.atlas_id)
    squares = list_squares(db, grid.atlas_id, ask).items
    decisions = list_decisions(db, grid_id, limit=100_000, offset=0).items
    return Ranking(grid, atlas, squares, decisions)
