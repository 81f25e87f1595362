"""Builds of sites: when they were looked at, and who is at it."""

import sqlalchemy as sa
from alembic import op

revision = "techdocs_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "techdocs_build",
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
        sa.Column("built_at", sa.BigInteger, nullable=False),
    )
    op.create_index("techdocs_build_checked", "techdocs_build", ["checked_at"])


def downgrade() -> None:
    op.drop_table("techdocs_build")
