"""Create the tables of incremental ingestion.

Revision ID: catalog_0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None

_KEY_TEXT = sa.Text().with_variant(TEXT(collation="C"), "postgresql")


def _key(name: str, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, _KEY_TEXT, nullable=False, **more)


def upgrade() -> None:
    op.create_table(
        "catalog_ingestion",
        _key("id", primary_key=True),
        _key("provider"),
        # "open", or the id: a provider has one open ingestion at most.
        _key("ticket"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("next_action", sa.Text, nullable=False),
        sa.Column("next_action_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("catalog_ingestion_ticket", "catalog_ingestion", ["provider", "ticket"], unique=True)
    op.create_table(
        "catalog_ingestion_mark",
        _key("ingestion_id", primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "catalog_ingestion_entity",
        _key("ingestion_id", primary_key=True),
        _key("entity_ref", primary_key=True),
    )


def downgrade() -> None:
    for table in ("catalog_ingestion_entity", "catalog_ingestion_mark", "catalog_ingestion"):
        op.drop_table(table)
