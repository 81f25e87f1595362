"""Create the tables of tasks.

Revision ID: scaffolder_0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "scaffolder_0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEY_TEXT = sa.Text().with_variant(TEXT(collation="C"), "postgresql")


def _key(name: str, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, _KEY_TEXT, nullable=nullable, **more)


def _bigint(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table(
        "scaffolder_task",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        _key("id", unique=True),
        sa.Column("spec", sa.Text, nullable=False),
        _key("status"),
        _bigint("created_at"),
        _key("created_by", nullable=True),
        _bigint("last_heartbeat_at", nullable=True),
        _key("lease", nullable=True),
        _bigint("lease_until", nullable=True),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cancelled", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("secrets", sa.LargeBinary, nullable=True),
        _bigint("ended_at", nullable=True),
        sqlite_autoincrement=True,
    )
    _index("scaffolder_task_open", "scaffolder_task", "n", where="status = 'open'")
    _index("scaffolder_task_running", "scaffolder_task", "lease", where="status = 'processing'")
    _index("scaffolder_task_created", "scaffolder_task", "created_at", "n")
    _index("scaffolder_task_owner", "scaffolder_task", "created_by", "created_at", "n")
    _index("scaffolder_task_status", "scaffolder_task", "status", "created_at", "n")
    _index("scaffolder_task_ended", "scaffolder_task", "ended_at", where="ended_at IS NOT NULL")
    op.create_table(
        "scaffolder_task_event",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        _key("task_id"),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        _bigint("created_at"),
        # Ids are cursors of clients: one that was deleted must not be given again.
        sqlite_autoincrement=True,
    )
    _index("scaffolder_task_event_task", "scaffolder_task_event", "task_id", "id")
    op.create_table(
        "scaffolder_task_step",
        _key("task_id", primary_key=True),
        _key("step_id", primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=True),
        sa.Column("runs", sa.Integer, nullable=False),
    )
    op.create_table(
        "scaffolder_task_checkpoint",
        _key("task_id", primary_key=True),
        _key("step_id", primary_key=True),
        _key("key", primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("checkpoint", "step", "event"):
        op.drop_table(f"scaffolder_task_{table}")
    op.drop_table("scaffolder_task")
