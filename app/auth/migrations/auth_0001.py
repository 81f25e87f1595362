"""Public keys and what is known of users."""

import sqlalchemy as sa
from alembic import op

revision = "auth_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_signing_key",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("jwk", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("auth_signing_key_purpose", "auth_signing_key", ["purpose", "expires_at"])
    op.create_index("auth_signing_key_expires", "auth_signing_key", ["expires_at"])
    op.create_table(
        "auth_user_info",
        sa.Column("user_entity_ref", sa.Text, primary_key=True),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("auth_user_info")
    op.drop_table("auth_signing_key")
