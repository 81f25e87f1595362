"""Files of recent frontend bundles."""

import sqlalchemy as sa
from alembic import op

revision = "app_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "static_assets_cache",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("compressed", sa.Boolean, nullable=False),
        sa.Column("last_modified_at", sa.BigInteger, nullable=False),
    )
    op.create_index("static_assets_cache_last_modified_at", "static_assets_cache", ["last_modified_at"])


def downgrade() -> None:
    op.drop_table("static_assets_cache")
