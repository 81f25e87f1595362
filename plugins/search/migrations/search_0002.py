"""What is removed while a collation is under way stays removed."""

import sqlalchemy as sa
from alembic import op

revision = "search_0002"
down_revision = "search_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("search_collator", sa.Column("ended", sa.BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE search_collator SET ended = generation")
    # As in search_document: compared byte by byte, whatever the database's language.
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "search_gone",
        sa.Column("type", text, primary_key=True),
        sa.Column("grp", text, primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("search_gone")
    op.drop_column("search_collator", "ended")
