"""Notifications, broadcasts and users' choices."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0001"
down_revision = None
branch_labels = None
depends_on = None

UNREAD = sa.text("read_at IS NULL")
SCOPED = sa.text("scope IS NOT NULL")


def _content() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=True),
        sa.Column("topic", sa.Text, nullable=True),
        sa.Column("scope", sa.Text, nullable=True),
        sa.Column("icon", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=True),
        sa.Column("touched_at", sa.BigInteger, nullable=False),
    ]


def _state() -> list[sa.Column[int]]:
    return [
        sa.Column("read_at", sa.BigInteger, nullable=True),
        sa.Column("saved_at", sa.BigInteger, nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "notifications_notification",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user_ref", sa.Text, nullable=False),
        *_content(),
        *_state(),
    )
    table = "notifications_notification"
    op.create_index("notifications_of_user", table, ["user_ref", "created_at"])
    op.create_index(
        "notifications_unread",
        table,
        ["user_ref", "created_at", "topic", "read_at"],
        sqlite_where=UNREAD,
        postgresql_where=UNREAD,
    )
    op.create_index("notifications_topics", table, ["user_ref", "origin", "topic"])
    op.create_index(
        "notifications_scope",
        table,
        ["user_ref", "origin", "scope"],
        unique=True,
        sqlite_where=SCOPED,
        postgresql_where=SCOPED,
    )
    op.create_index("notifications_touched", table, ["touched_at"])

    op.create_table("notifications_broadcast", sa.Column("id", sa.Text, primary_key=True), *_content())
    table = "notifications_broadcast"
    op.create_index("notifications_broadcast_created", table, ["created_at"])
    op.create_index(
        "notifications_broadcast_scope",
        table,
        ["origin", "scope"],
        unique=True,
        sqlite_where=SCOPED,
        postgresql_where=SCOPED,
    )
    op.create_index("notifications_broadcast_touched", table, ["touched_at"])

    op.create_table(
        "notifications_broadcast_status",
        sa.Column("user_ref", sa.Text, primary_key=True),
        sa.Column(
            "broadcast_id",
            sa.Text,
            sa.ForeignKey("notifications_broadcast.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        *_state(),
    )
    op.create_index("notifications_broadcast_status_of", "notifications_broadcast_status", ["broadcast_id"])

    op.create_table(
        "notifications_setting",
        sa.Column("user_ref", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    for table in ("setting", "broadcast_status", "broadcast", "notification"):
        op.drop_table(f"notifications_{table}")
