"""The networks that the service knows, and which of them is current."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.job_queue import ScoreRequest
from service.queries.changes import add_event
from service.queries.parents import insert_if_new
from service.queries.scores import list_score_requests, reuse_predictions
from service.tables import ModelRow, utc_now


def find_current_model(db: Session) -> ModelRow | None:
    """Find the model that squares are scored with."""
    return db.scalars(sa.select(ModelRow).where(ModelRow.current.is_(True))).one_or_none()


def register_model(
    db: Session, model_id: str, *, card: Mapping[str, object], sha256: str, actor: str = "worker"
) -> ModelRow:
    """Make a model known; the first one ever becomes current, later ones wait to be promoted."""
    insert_if_new(db, ModelRow, {"id": model_id, "card": dict(card), "sha256": sha256})
    row = db.get_one(ModelRow, model_id)
    if find_current_model(db) is None:
        row.current = True
        row.promoted_at = utc_now()
        add_event(db, "model.promote", actor=actor, subject_id=model_id)
    return row


def promote_model(
    db: Session, model_id: str, actor: str
) -> tuple[ModelRow, Sequence[ScoreRequest]]:
    """Make a model current.

    Returns:
        The model, and the scores to ask for once the transaction is committed. Squares that it has
        scored before from the same input get that score back at once.

    Raises:
        NotFoundError: if no such model is registered.
    """
    row = db.get(ModelRow, model_id)
    if row is None:
        raise NotFoundError(f"no model {model_id}")
    if not row.current:
        db.execute(sa.update(ModelRow).values(current=False))
        row.current = True
        row.promoted_at = utc_now()
        db.flush()
        reuse_predictions(db, model_id)
        add_event(db, "model.promote", actor=actor, subject_id=model_id)
    return row, list_score_requests(db)


def list_models(db: Session) -> Sequence[ModelRow]:
    """List all models, newest first."""
    return db.scalars(sa.select(ModelRow).order_by(ModelRow.created_at.desc(), ModelRow.id)).all()
