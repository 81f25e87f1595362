"""What each version of the index has changed; and words are put in order more at a time."""

import sqlalchemy as sa
from alembic import op

revision = "search_0003"
down_revision = "search_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_change",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("ids", sa.Text, nullable=True),
        sa.Column("characters", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Whoever writes waits until what was written is in order: rarely, and more at a time, costs less in the end.
        op.execute("INSERT INTO search_words (search_words, rank) VALUES ('automerge', 8)")
    else:
        # What waits beside the index's order is put into it at once: of more at a time fewer pages are written twice.
        op.execute("ALTER INDEX search_words_words SET (gin_pending_list_limit = 2048)")


def downgrade() -> None:
    # The revision before does not mind how the words are put in order.
    op.drop_table("search_change")
