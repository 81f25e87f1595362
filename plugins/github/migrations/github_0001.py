"""What is left of each credential's quota, and answers with their ETags."""

import sqlalchemy as sa
from alembic import op

revision = "github_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "github_budget",
        sa.Column("credential", sa.Text, primary_key=True),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("quota_limit", sa.BigInteger, nullable=True),
        sa.Column("remaining", sa.BigInteger, nullable=True),
        sa.Column("reset_at", sa.BigInteger, nullable=True),
        sa.Column("blocked_until", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "github_answer",
        sa.Column("credential", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=True),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
    )
    op.create_index("github_answer_kept", "github_answer", ["kept_at"])


def downgrade() -> None:
    op.drop_table("github_answer")
    op.drop_table("github_budget")
