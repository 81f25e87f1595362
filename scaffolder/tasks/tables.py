"""The tables of tasks. Times are BIGINT milliseconds (UTC) by the database's clock, JSON is TEXT.

Whoever writes what belongs to a task locks its row first: so the ids of a task's events are in commit order.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlmodel import Field, SQLModel

_KEY_TEXT = Text().with_variant(TEXT(collation="C"), "postgresql")
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _key(*, nullable: bool = False, **more: Any) -> Column[str]:
    return Column(_KEY_TEXT, nullable=nullable, **more)


def _bigint(*, nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class TaskRow(SQLModel, table=True):
    """One task. `n` is the order of creation."""

    __tablename__ = "scaffolder_task"
    n: int = Field(sa_column=Column(_NUMBER, primary_key=True, autoincrement=True))
    id: str = Field(sa_column=_key(unique=True))
    spec: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=_key())
    created_at: int = Field(sa_column=_bigint())
    created_by: str | None = Field(default=None, sa_column=_key(nullable=True))
    last_heartbeat_at: int | None = Field(default=None, sa_column=_bigint(nullable=True))
    lease: str | None = Field(default=None, sa_column=_key(nullable=True))
    """Made anew for each attempt: whoever knows it may write for the task."""
    lease_until: int | None = Field(default=None, sa_column=_bigint(nullable=True))
    """When another worker may take the task over."""
    attempt: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    cancelled: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    """1: somebody wishes that it stop."""
    secrets: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """Sealed; NULL as soon as they are of no use any more."""
    ended_at: int | None = Field(default=None, sa_column=_bigint(nullable=True))

    __table_args__ = (
        _partial("scaffolder_task_open", "n", where="status = 'open'"),
        _partial("scaffolder_task_running", "lease", where="status = 'processing'"),
        Index("scaffolder_task_created", "created_at", "n"),
        Index("scaffolder_task_owner", "created_by", "created_at", "n"),
        Index("scaffolder_task_status", "status", "created_at", "n"),
        _partial("scaffolder_task_ended", "ended_at", where="ended_at IS NOT NULL"),
        {"sqlite_autoincrement": True},
    )


class TaskEventRow(SQLModel, table=True):
    """One event of a task's log. Ids are never given twice, since clients go on from the last they have seen."""

    __tablename__ = "scaffolder_task_event"
    id: int = Field(sa_column=Column(_NUMBER, primary_key=True, autoincrement=True))
    task_id: str = Field(sa_column=_key())
    type: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=_bigint())

    __table_args__ = (Index("scaffolder_task_event_task", "task_id", "id"), {"sqlite_autoincrement": True})


class TaskStepRow(SQLModel, table=True):
    """How far a step is: `started`, `completed` (with its output) or `failed`; `runs` counts its starts."""

    __tablename__ = "scaffolder_task_step"
    task_id: str = Field(sa_column=_key(primary_key=True))
    step_id: str = Field(sa_column=_key(primary_key=True))
    status: str = Field(sa_column=Column(Text, nullable=False))
    output: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    runs: int = Field(sa_column=Column(Integer, nullable=False))


class TaskWorkspaceRow(SQLModel, table=True):
    """The files of a task as its last finished step left them, as a compressed tar."""

    __tablename__ = "scaffolder_task_workspace"
    task_id: str = Field(sa_column=_key(primary_key=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TaskCheckpointRow(SQLModel, table=True):
    """The value of a checkpoint that was passed."""

    __tablename__ = "scaffolder_task_checkpoint"
    task_id: str = Field(sa_column=_key(primary_key=True))
    step_id: str = Field(sa_column=_key(primary_key=True))
    key: str = Field(sa_column=_key(primary_key=True))
    value: str = Field(sa_column=Column(Text, nullable=False))
