"""Questions with many fields: what the addresses of the long lists say after their `?`."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from service.schemas.base import Answer
from service.tables import DecisionKind, SquareStatus

SORTS = frozenset(
    {
        "rank",
        "status",
        "overall",
        "overall_sd",
        "brightness",
        "brightness_sd",
        "squareness",
        "squareness_sd",
        "cracking",
        "cracking_sd",
        "contamination",
        "contamination_sd",
        "epu_node_id",
        "epu_category",
        "center_x_px",
        "center_y_px",
        "width_px",
        "height_px",
        "rotation_deg",
        "stage_x_um",
        "stage_y_um",
        "stage_z_um",
        "stage_residual_um",
        "coverage",
        "complete",
        "on_rim",
        "position",
    }
)
"""What the list of squares can be sorted by."""


def check_sort(sort: str) -> str:
    """Pass a name to sort by, with - for descending.

    Raises:
        ValueError: if there is no such name.
    """
    if sort.removeprefix("-") not in SORTS:
        raise ValueError(f"cannot sort by {sort!r}, expected one of {', '.join(sorted(SORTS))}")
    return sort


class SquareQuestion(Answer):
    """Which squares of a grid, in which order."""

    sort: Annotated[str, AfterValidator(check_sort)] = Field(
        default="-overall", description="a field, - for descending; -overall is the ranking"
    )
    limit: int = Field(default=500, ge=1, le=5000)
    offset: int = Field(default=0, ge=0)
    min_overall: float | None = Field(default=None, ge=0, le=4)
    status: list[SquareStatus] = Field(default=[], description="any of these; none means all")
    complete: bool | None = None
    decision: DecisionKind | None = None
    atlas_id: UUID | None = Field(
        default=None, description="one of the grid's; by default the current"
    )


class LabelQuestion(Answer):
    """Which labels."""

    grid_id: UUID | None = None
    square_id: UUID | None = None
    author: str | None = None
    superseded: bool = Field(default=False, description="also those that newer ones replaced")
    limit: int = Field(default=500, ge=1, le=5000)
    offset: int = Field(default=0, ge=0)


class AuditQuestion(Answer):
    """Which part of the audit trail is asked for."""

    actor: str | None = Field(default=None, max_length=128)
    kind: str | None = Field(default=None, max_length=64)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    reports: bool = Field(default=False, description="also what ingest and workers said")
    limit: int = Field(default=500, ge=1, le=5000)
    offset: int = Field(default=0, ge=0)
