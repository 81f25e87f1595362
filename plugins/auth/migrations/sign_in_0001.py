"""Clients, authorisation sessions and refresh tokens of the OAuth server."""

import sqlalchemy as sa
from alembic import op

revision = "sign_in_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_oauth_client",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("secret_digest", sa.Text, nullable=False),
        sa.Column("redirect_uris", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "auth_oauth_session",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("client_name", sa.Text, nullable=True),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=True),
        sa.Column("state", sa.Text, nullable=True),
        sa.Column("code_challenge", sa.Text, nullable=True),
        sa.Column("code_challenge_method", sa.Text, nullable=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("user_ref", sa.Text, nullable=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("code_digest", sa.Text, nullable=True),
        sa.Column("code_expires_at", sa.BigInteger, nullable=True),
    )
    op.create_index("auth_oauth_session_code", "auth_oauth_session", ["code_digest"], unique=True)
    op.create_index("auth_oauth_session_expires", "auth_oauth_session", ["expires_at"])
    op.create_table(
        "auth_refresh_token",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user_ref", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger, nullable=False),
    )
    op.create_index("auth_refresh_token_user", "auth_refresh_token", ["user_ref", "used_at"])


def downgrade() -> None:
    for table in ("auth_refresh_token", "auth_oauth_session", "auth_oauth_client"):
        op.drop_table(table)
