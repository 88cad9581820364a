"""The service's answers and requests: what crosses the border of the REST interface."""

from service.schemas.base import Answer, ErrorAnswer, Page
from service.schemas.grid import AtlasAnswer, GridAnswer, ImageAnswer, SessionAnswer, TileAnswer
from service.schemas.jobs import JobAnswer
from service.schemas.questions import AuditQuestion, LabelQuestion, SquareQuestion
from service.schemas.review import (
    DecisionAnswer,
    DecisionRequest,
    EventAnswer,
    EventList,
    Grade,
    LabelAnswer,
    LabelRequest,
    ModelAnswer,
    PredictionAnswer,
)
from service.schemas.square import SquareAnswer, SquareLabel, SquareSetAnswer
from service.schemas.work import (
    BlobAnswer,
    BlobList,
    FileAnswer,
    IngesterAnswer,
    Stored,
    WorkerAnswer,
)

__all__ = [
    "Answer",
    "AtlasAnswer",
    "AuditQuestion",
    "BlobAnswer",
    "BlobList",
    "DecisionAnswer",
    "DecisionRequest",
    "ErrorAnswer",
    "EventAnswer",
    "EventList",
    "FileAnswer",
    "Grade",
    "GridAnswer",
    "ImageAnswer",
    "IngesterAnswer",
    "JobAnswer",
    "LabelAnswer",
    "LabelQuestion",
    "LabelRequest",
    "ModelAnswer",
    "Page",
    "PredictionAnswer",
    "SessionAnswer",
    "SquareAnswer",
    "SquareLabel",
    "SquareQuestion",
    "SquareSetAnswer",
    "Stored",
    "TileAnswer",
    "WorkerAnswer",
]
