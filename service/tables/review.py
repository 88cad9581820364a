"""What people and programs say of squares: labels, decisions, events, access tokens."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.base import Base, between, enum_column, new_id, utc_now


class DecisionKind(StrEnum):
    """What somebody decided; `clear` withdraws what stood before."""

    TAKE = "take"
    SKIP = "skip"
    CLEAR = "clear"
    NOTE = "note"
    ORDER = "order"


class LabelRow(Base):
    """One person's grades of one square; a newer one of the same author supersedes it."""

    __tablename__ = "label"
    __table_args__ = (
        between("brightness", 0, 4),
        between("squareness", 0, 4),
        between("cracking", 0, 4),
        between("contamination", 0, 4),
        between("overall", 0, 4),
        sa.Index("ix_label_square", "square_id", "superseded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(sa.String(128), unique=True)
    square_id: Mapped[UUID] = mapped_column(sa.ForeignKey("square.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(sa.String(128))
    brightness: Mapped[float | None]
    squareness: Mapped[float | None]
    cracking: Mapped[float | None]
    contamination: Mapped[float | None]
    overall: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    superseded_at: Mapped[datetime | None]
    superseded_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("label.id"))


class DecisionRow(Base):
    """What to do with a square (or, for a note, a whole grid)."""

    __tablename__ = "decision"
    __table_args__ = (
        sa.CheckConstraint("square_id IS NOT NULL OR kind = 'note'", name="has_square"),
        sa.Index("ix_decision_grid", "grid_id", "superseded_at"),
        sa.Index("ix_decision_square", "square_id", "superseded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(sa.String(128), unique=True)
    grid_id: Mapped[UUID] = mapped_column(sa.ForeignKey("grid.id", ondelete="CASCADE"))
    square_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("square.id", ondelete="CASCADE"))
    kind: Mapped[DecisionKind] = mapped_column(enum_column(DecisionKind, "kind"))
    position: Mapped[int | None] = mapped_column(doc="place in the operator's own order, from 1")
    text: Mapped[str | None] = mapped_column(sa.Text())
    actor: Mapped[str] = mapped_column(sa.String(128))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    superseded_at: Mapped[datetime | None]


class EventRow(Base):
    """Something that happened: audit trail and change feed in one."""

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy as it stands

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(default=utc_now)
    kind: Mapped[str] = mapped_column(sa.String(64))
    grid_id: Mapped[UUID | None] = mapped_column(index=True)
    subject_id: Mapped[str | None] = mapped_column(sa.String(128))
    actor: Mapped[str] = mapped_column(sa.String(128))
    detail: Mapped[dict[str, object]] = mapped_column(sa.JSON, default=dict)


class TokenRow(Base):
    """A bearer token's hash; the token itself is shown once and never stored."""

    __tablename__ = "token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(128))
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None]
