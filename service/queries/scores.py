"""Scores: which squares need one, and what a worker found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs import store_small
from service.job_queue import ScoreRequest
from service.queries.changes import add_event, assign, lock_grid, touch_grid
from service.scoring_input import Levels
from service.tables import AtlasRow, ModelRow, PredictionRow, SquareRow, SquareStatus, utc_now


@dataclass(frozen=True)
class SquareToScore:
    """A square without a score of its present crop; grey levels in camera counts."""

    id: UUID
    crop_sha256: str
    full_scale: float
    film_level: float
    vacuum_level: float | None
    mesh_pitch_um: float | None
    complete: bool
    input_key: str


@dataclass(frozen=True)
class Grades:
    """Five scores, 0 to 4, or five standard deviations."""

    brightness: float
    squareness: float
    cracking: float
    contamination: float
    overall: float


@dataclass(frozen=True)
class ScoreResult:
    """What a worker found: scores for `scored` and `out_of_domain`, a reason for what went wrong.

    `input_key` is that of the `SquareToScore`; attention maps are PNG files.
    """

    square_id: UUID
    model_id: str
    input_key: str
    status: SquareStatus
    reason: str | None = None
    grades: Grades | None = None
    grades_sd: Grades | None = None
    attention_cracking: bytes | None = None
    attention_contamination: bytes | None = None


def needs_score(model_id: str) -> sa.ColumnElement[bool]:
    """Make the condition on squares whose score is missing or was made of something else."""
    return sa.and_(
        SquareRow.retired.is_(False),
        SquareRow.wanted_input.is_not(None),
        sa.or_(
            SquareRow.scored_input.is_distinct_from(SquareRow.wanted_input),
            SquareRow.model_id.is_distinct_from(model_id),
        ),
    )


def list_score_requests(db: Session, atlas_id: UUID | None = None) -> list[ScoreRequest]:
    """List what is to be asked of the workers: one request for each tile with squares to score.

    Args:
        db: any session.
        atlas_id: only this atlas; None for all.

    Returns:
        Nothing while no model is known: the first worker registers one and asks again.
    """
    model_id = db.scalar(sa.select(ModelRow.id).where(ModelRow.current.is_(True)))
    if model_id is None:
        return []
    question = (
        sa.select(
            SquareRow.tile_id,
            AtlasRow.grid_id,
            SquareRow.id,
            SquareRow.wanted_input,
            SquareRow.scored_input,
        )
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .where(needs_score(model_id))
        .order_by(SquareRow.tile_id, SquareRow.id)
    )
    if atlas_id is not None:
        question = question.where(SquareRow.atlas_id == atlas_id)
    return [
        _make_request(tile_id, model_id, list(rows))
        for tile_id, rows in groupby(db.execute(question), key=lambda row: row.tile_id)
    ]


def list_squares_to_score(db: Session, tile_id: UUID, model_id: str) -> list[SquareToScore]:
    """List a tile's squares that need a score of this model, best covered first."""
    rows = db.execute(
        sa.select(SquareRow, AtlasRow)
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .where(SquareRow.tile_id == tile_id, needs_score(model_id))
        .order_by(SquareRow.coverage.desc(), SquareRow.id)
    )
    return [to_score(square, atlas) for square, atlas in rows]


def add_scores(db: Session, results: Iterable[ScoreResult], actor: str = "worker") -> int:
    """Store what a worker found, all of it or nothing.

    A result for a square that is gone is dropped; one for a crop that has been replaced meanwhile
    is kept until the newer one comes, and never replaces a newer one.

    Returns:
        How many squares have a new score.
    """
    found = {result.square_id: result for result in results}
    atlases = _lock_atlases(db, found)
    squares = db.scalars(
        sa.select(SquareRow)
        .where(SquareRow.id.in_(found))
        .execution_options(populate_existing=True)
    ).all()
    current = db.scalar(sa.select(ModelRow.id).where(ModelRow.current.is_(True)))
    known = _find_predictions(db, found)
    stored = [
        square
        for square in squares
        if _add_score(db, square, found[square.id], known.get(square.id), current)
    ]
    for grid_id in sorted({atlases[square.atlas_id] for square in stored}):
        touch_grid(db, lock_grid(db, grid_id))
        number = sum(atlases[square.atlas_id] == grid_id for square in stored)
        add_event(db, "squares.score", actor=actor, grid_id=grid_id, detail={"squares": number})
    return len(stored)


def reuse_predictions(db: Session, model_id: str) -> None:
    """Give squares the scores that a model has made before of their present input.

    All grids are locked before the first square is changed, in the order that `add_scores` has.
    """
    known = (
        PredictionRow.model_id == model_id,
        PredictionRow.scored_input == SquareRow.wanted_input,
    )
    grids = (
        sa.select(AtlasRow.grid_id)
        .join(SquareRow, SquareRow.atlas_id == AtlasRow.id)
        .join(PredictionRow, PredictionRow.square_id == SquareRow.id)
        .where(*known)
        .distinct()
    )
    for grid in [lock_grid(db, grid_id) for grid_id in sorted(db.scalars(grids))]:
        rows = db.execute(
            sa.select(SquareRow, PredictionRow)
            .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
            .join(PredictionRow, PredictionRow.square_id == SquareRow.id)
            .where(AtlasRow.grid_id == grid.id, *known)
        )
        for square, prediction in rows:
            show_prediction(square, prediction)
        touch_grid(db, grid)


def scoring_levels(atlas: AtlasRow) -> Levels:
    """Get the levels and the pitch that an atlas's squares are scored with."""
    return Levels(atlas.scoring_film_level, atlas.scoring_vacuum_level, atlas.scoring_mesh_pitch_um)


def show_prediction(square: SquareRow, prediction: PredictionRow) -> None:
    """Make a prediction the one that a square answers with."""
    square.status = shown_status(prediction.status, complete=square.complete)
    square.overall = prediction.overall
    square.reason = prediction.reason
    square.model_id = prediction.model_id
    square.scored_input = prediction.scored_input
    square.updated_at = utc_now()


def shown_status(status: SquareStatus, *, complete: bool) -> SquareStatus:
    """Tell a score of a whole square from one that another tile may still change."""
    if status in (SquareStatus.SCORED, SquareStatus.PARTIAL):
        return SquareStatus.SCORED if complete else SquareStatus.PARTIAL
    return status


def to_score(square: SquareRow, atlas: AtlasRow) -> SquareToScore:
    """What a square is scored from.

    Raises:
        AssertionError: if it has no `wanted_input`.
    """
    crop, scale, key = square.crop_sha256, square.crop_full_scale, square.wanted_input
    film = atlas.scoring_film_level
    if crop is None or scale is None or key is None or film is None:
        raise AssertionError(f"square {square.id} wants a score without crop or film level")
    return SquareToScore(
        id=square.id,
        crop_sha256=crop,
        full_scale=scale,
        film_level=film,
        vacuum_level=atlas.scoring_vacuum_level,
        mesh_pitch_um=atlas.scoring_mesh_pitch_um,
        complete=square.complete,
        input_key=key,
    )


def _lock_atlases(db: Session, square_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Lock the grids of some squares, in one order for all; return grid ids by atlas id."""
    rows = db.execute(
        sa.select(AtlasRow.id, AtlasRow.grid_id)
        .join(SquareRow, SquareRow.atlas_id == AtlasRow.id)
        .where(SquareRow.id.in_(list(square_ids)))
        .distinct()
    )
    grids = dict(rows.all())
    for grid_id in sorted(set(grids.values())):
        lock_grid(db, grid_id)
    return grids


def _find_predictions(db: Session, found: Mapping[UUID, ScoreResult]) -> dict[UUID, PredictionRow]:
    """Find what the same models said of these squares before."""
    rows = db.scalars(sa.select(PredictionRow).where(PredictionRow.square_id.in_(found)))
    return {row.square_id: row for row in rows if row.model_id == found[row.square_id].model_id}


def _add_score(
    db: Session,
    square: SquareRow,
    result: ScoreResult,
    row: PredictionRow | None,
    current_model: str | None,
) -> bool:
    if row is None:
        row = PredictionRow(square_id=result.square_id, model_id=result.model_id)
        db.add(row)
    elif row.scored_input == square.wanted_input != result.input_key:
        return False
    _fill_prediction(db, row, result)
    if square.model_id == current_model != result.model_id:
        return False
    show_prediction(square, row)
    return True


def _fill_prediction(db: Session, row: PredictionRow, result: ScoreResult) -> None:
    row.status = result.status
    row.reason = result.reason
    row.scored_input = result.input_key
    row.created_at = utc_now()
    assign(row, _grade_columns(result))
    row.attention_cracking_sha256 = store_small(db, result.attention_cracking)
    row.attention_contamination_sha256 = store_small(db, result.attention_contamination)


def _grade_columns(result: ScoreResult) -> dict[str, float | None]:
    columns: dict[str, float | None] = {}
    for field in fields(Grades):
        grades, spread = result.grades, result.grades_sd
        columns[field.name] = None if grades is None else getattr(grades, field.name)
        columns[f"{field.name}_sd"] = None if spread is None else getattr(spread, field.name)
    return columns


def _make_request(
    tile_id: UUID, model_id: str, rows: Sequence[sa.Row[UUID, UUID, UUID, str | None, str | None]]
) -> ScoreRequest:
    lines = [model_id, *(f"{row.id} {row.wanted_input}" for row in rows)]
    renews = all(row.scored_input is not None for row in rows)
    return ScoreRequest(tile_id, _digest(lines), rows[0].grid_id, renews)


def _digest(lines: Sequence[str]) -> str:
    return sha256("\n".join(lines).encode()).hexdigest()[:32]
