"""Who is at work on what: jobs and workers, ingest processes and the ledger of files."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ingest.records import FileState
from service.tables.base import Base, enum_column, new_id, utc_now


class JobKind(StrEnum):
    """What a job does."""

    SCORE = "score"
    TRAIN = "train"


class JobState(StrEnum):
    """Where a job is; `dead` is given up after too many attempts."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"


class WorkerState(StrEnum):
    """What a worker is doing."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    STOPPED = "stopped"


class JobRow(Base):
    """One submitted job; its id says what it does, so that submitting twice is one job."""

    __tablename__ = "job"
    __table_args__ = (sa.Index("ix_job_state", "state"), sa.Index("ix_job_tile", "tile_id"))

    id: Mapped[str] = mapped_column(sa.String(160), primary_key=True)
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind, "kind"), default=JobKind.SCORE)
    tile_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("tile.id", ondelete="CASCADE"))
    state: Mapped[JobState] = mapped_column(enum_column(JobState, "state"), default=JobState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0, doc="how often it was begun")
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    deaths: Mapped[int] = mapped_column(
        default=0, server_default="0", doc="workers that ended in the middle of it"
    )
    reason: Mapped[str | None] = mapped_column(sa.Text())
    worker_id: Mapped[str | None] = mapped_column(sa.String(128))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class WorkerRow(Base):
    """A worker process's sign of life."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(255))
    pid: Mapped[int | None]
    device: Mapped[str] = mapped_column(sa.String(128))
    model_id: Mapped[str | None] = mapped_column(sa.String(128))
    state: Mapped[WorkerState] = mapped_column(
        enum_column(WorkerState, "state"), default=WorkerState.STARTING
    )
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


class IngesterRow(Base):
    """An ingest process's sign of life."""

    __tablename__ = "ingester"

    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    watching: Mapped[str] = mapped_column(sa.String(4096))
    state: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str | None]
    polling: Mapped[bool]
    files_seen: Mapped[int]
    files_pending: Mapped[int]
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


class FileRow(Base):
    """One line of the ledger: a file of EPU's folder and what became of it."""

    __tablename__ = "file"
    __table_args__ = (sa.Index("ix_file_state", "state", "updated_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    path: Mapped[str] = mapped_column(sa.String(1024), unique=True)
    session_key: Mapped[str | None] = mapped_column(sa.String(255))
    state: Mapped[FileState] = mapped_column(enum_column(FileState, "state"))
    reason: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(sa.BigInteger())
    attempts: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
