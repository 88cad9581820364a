"""Labels, decisions, predictions, models and events."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field, model_validator

from service.schemas.base import Answer
from service.tables import DecisionKind, SquareStatus

Grade = Annotated[float, Field(ge=0, le=4)]
"""A person's grade, or the mean of several: 0 to 4."""

ClientId = Annotated[
    str,
    Field(
        default_factory=lambda: str(uuid4()),
        min_length=1,
        max_length=128,
        description="the client's own id: sending it again stores nothing twice",
    ),
]
Actor = Annotated[str, Field(min_length=1, max_length=128)]


class LabelRequest(Answer):
    """One person's grades of one square, which is named by its id or by EPU's names."""

    client_id: ClientId
    author: Actor
    square_id: UUID | None = None
    session_key: str | None = None
    sample: int | None = None
    epu_atlas_id: int | None = None
    epu_node_id: int | None = None
    brightness: Grade | None = None
    squareness: Grade | None = None
    cracking: Grade | None = None
    contamination: Grade | None = None
    overall: Grade | None = None

    @model_validator(mode="after")
    def _names_one_square(self) -> "LabelRequest":
        natural = (self.session_key, self.sample, self.epu_atlas_id, self.epu_node_id)
        given = [part is not None for part in natural]
        if any(given) == (self.square_id is not None) or any(given) != all(given):
            raise ValueError(
                "name the square by square_id, or by all of session_key, sample, epu_atlas_id and "
                "epu_node_id"
            )
        return self

    @model_validator(mode="after")
    def _says_something(self) -> "LabelRequest":
        grades = (
            self.brightness,
            self.squareness,
            self.cracking,
            self.contamination,
            self.overall,
        )
        if all(grade is None for grade in grades):
            raise ValueError("give at least one grade")
        return self


class LabelAnswer(Answer):
    """A stored label."""

    id: UUID
    client_id: str
    square_id: UUID
    author: str
    brightness: float | None
    squareness: float | None
    cracking: float | None
    contamination: float | None
    overall: float | None
    created_at: datetime
    superseded_at: datetime | None
    superseded_by: UUID | None


class DecisionRequest(Answer):
    """What somebody decides about a square; a note may be about a whole grid."""

    client_id: ClientId
    actor: Actor | None = Field(default=None, description="who; by default the token's name")
    kind: DecisionKind
    square_id: UUID | None = None
    grid_id: UUID | None = Field(default=None, description="for a note about a whole grid")
    position: int | None = Field(default=None, ge=1, description="for order: place from 1")
    text: str | None = Field(default=None, max_length=4000, description="a note, or a remark")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "DecisionRequest":
        if (self.square_id is None) == (self.grid_id is None):
            raise ValueError("name either square_id or grid_id")
        if self.grid_id is not None and self.kind is not DecisionKind.NOTE:
            raise ValueError(f"only a note can be about a whole grid, found {self.kind}")
        if self.kind is DecisionKind.NOTE and self.text is None:
            raise ValueError("a note needs text")
        if (self.kind is DecisionKind.ORDER) != (self.position is not None):
            raise ValueError("position belongs to an order, and an order needs it")
        return self


class DecisionAnswer(Answer):
    """A stored decision."""

    id: UUID
    client_id: str
    grid_id: UUID
    square_id: UUID | None
    kind: DecisionKind
    position: int | None
    text: str | None
    actor: str
    created_at: datetime
    superseded_at: datetime | None


class PredictionAnswer(Answer):
    """What one model said of a square."""

    id: UUID
    square_id: UUID
    model_id: str
    status: SquareStatus
    reason: str | None
    brightness: float | None
    brightness_sd: float | None
    squareness: float | None
    squareness_sd: float | None
    cracking: float | None
    cracking_sd: float | None
    contamination: float | None
    contamination_sd: float | None
    overall: float | None
    overall_sd: float | None
    created_at: datetime


class ModelAnswer(Answer):
    """A network that the service knows."""

    id: str
    sha256: str
    card: dict[str, object]
    current: bool
    created_at: datetime
    promoted_at: datetime | None


class EventAnswer(Answer):
    """Something that happened."""

    id: int
    at: datetime
    kind: str
    grid_id: UUID | None
    subject_id: str | None
    actor: str
    detail: dict[str, object]


class EventList(Answer):
    """Events after a number; ask again with `next` to see what follows."""

    items: list[EventAnswer]
    next: int
