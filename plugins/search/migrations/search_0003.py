"""What each version of the index has changed; and on PostgreSQL words apart from the rows that have them."""

import sqlalchemy as sa
from alembic import op

revision = "search_0003"
down_revision = "search_0002"
branch_labels = None
depends_on = None

NARROW = """
CREATE TABLE search_words (id BIGINT NOT NULL, words TSVECTOR NOT NULL) WITH (toast_tuple_target = 128);
ALTER TABLE search_words ALTER COLUMN words SET STORAGE EXTERNAL;
INSERT INTO search_words SELECT id, words FROM search_words_wide ORDER BY id;
DROP TABLE search_words_wide;
ALTER TABLE search_words ADD CONSTRAINT search_words_pkey PRIMARY KEY (id);
CREATE INDEX search_words_words ON search_words USING gin (words) WITH (fastupdate = on, gin_pending_list_limit = 4096);
"""
"""A look-up visits the row of every match. With the words in it a page holds ten rows, without them over a hundred."""


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
        op.execute("ALTER TABLE search_words RENAME TO search_words_wide")
        for statement in NARROW.strip().split(";\n"):
            op.execute(statement.rstrip(";"))


def downgrade() -> None:
    # Wider rows or narrower ones: the revision before reads both.
    op.drop_table("search_change")
