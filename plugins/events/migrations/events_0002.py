"""The event bus between backends."""

import sqlalchemy as sa
from alembic import op

revision = "events_0002"
down_revision = "events_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    state = op.create_table(
        "events_bus_state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("last_id", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "last_id": 0}])
    op.create_table(
        "events_bus_event",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("notified", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("events_bus_event_topic", "events_bus_event", ["topic", "id"])
    op.create_index("events_bus_event_created", "events_bus_event", ["created_at"])
    op.create_table(
        "events_bus_subscription",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("read_until", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "events_bus_topic",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
    )
    op.create_index("ix_events_bus_topic_subscription", "events_bus_topic", ["subscription"])


def downgrade() -> None:
    for table in ("topic", "subscription", "event", "state"):
        op.drop_table(f"events_bus_{table}")
