"""What all answers share."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item", bound=BaseModel)


class Answer(BaseModel):
    """A frozen answer; made from a row's attributes or by keyword."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", from_attributes=True, allow_inf_nan=False
    )


class Page(Answer, Generic[Item]):
    """A part of a list, and how long the whole list is."""

    items: list[Item]
    total: int = Field(ge=0)


class ErrorAnswer(Answer):
    """Why a question has no answer."""

    detail: str = Field(description="for people")
    code: str = Field(description="for programs: invalid, not_found, no_token, ...")
    errors: list[dict[str, object]] = Field(default=[], description="each wrong row and field")
