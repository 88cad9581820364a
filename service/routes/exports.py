"""Route of exports: a grid's ranked squares as a file for another program."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response

from service.access import ReadCaller
from service.exports import ExportFormat, export
from service.queries.rankings import get_ranking
from service.schemas import SquareQuestion
from service.tables import DecisionKind
from service.web import Limit, Reader

router = APIRouter(tags=["exports"])


@router.get("/grids/{grid_id}/export", response_class=Response)
def export_squares(
    grid_id: UUID,
    db: Reader,
    _: ReadCaller,
    *,
    form: Annotated[ExportFormat, Query(alias="format")],
    limit: Limit = 5000,
    min_overall: Annotated[float | None, Query(ge=0, le=4)] = None,
    decision: DecisionKind | None = None,
) -> Response:
    """Export a grid's squares, best first; those to take in the operator's own order."""
    sort = "position" if decision is DecisionKind.TAKE else "-overall"
    ask = SquareQuestion(sort=sort, limit=limit, min_overall=min_overall, decision=decision)
    file = export(get_ranking(db, grid_id, ask), form)
    headers = {"Content-Disposition": _attachment(file.name)}
    return Response(file.text, media_type=file.media_type, headers=headers)


def _attachment(name: str) -> str:
    """Name a file to store, for those who read UTF-8 (RFC 6266) and those who do not."""
    plain = "".join(c if c.isascii() else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
