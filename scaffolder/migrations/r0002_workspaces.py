"""Create the table of workspaces that outlive their machine.

Revision ID: scaffolder_0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "scaffolder_0002"
down_revision = "scaffolder_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scaffolder_task_workspace",
        sa.Column("task_id", sa.Text().with_variant(TEXT(collation="C"), "postgresql"), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("scaffolder_task_workspace")
