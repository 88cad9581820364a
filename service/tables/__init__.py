"""The tables, one class each; every other module of the service imports them from here."""

from service.tables.base import Base, UtcDateTime, new_id, utc_now
from service.tables.grid import AtlasRow, GridRow, SessionRow, TileRow
from service.tables.review import DecisionKind, DecisionRow, EventRow, LabelRow, TokenRow
from service.tables.square import BlobRow, ModelRow, PredictionRow, SquareRow, SquareStatus
from service.tables.work import (
    FileRow,
    IngesterRow,
    JobKind,
    JobRow,
    JobState,
    WorkerRow,
    WorkerState,
)

__all__ = [
    "AtlasRow",
    "Base",
    "BlobRow",
    "DecisionKind",
    "DecisionRow",
    "EventRow",
    "FileRow",
    "GridRow",
    "IngesterRow",
    "JobKind",
    "JobRow",
    "JobState",
    "LabelRow",
    "ModelRow",
    "PredictionRow",
    "SessionRow",
    "SquareRow",
    "SquareStatus",
    "TileRow",
    "TokenRow",
    "UtcDateTime",
    "WorkerRow",
    "WorkerState",
    "new_id",
    "utc_now",
]
