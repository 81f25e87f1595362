"""Documents, what they are found by, and how far each collator has come."""

import sqlalchemy as sa
from alembic import op

revision = "search_0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    """Compared by code point on both engines."""
    text = sa.Text().with_variant(sa.dialects.postgresql.TEXT(collation="C"), "postgresql")
    return sa.Column(name, text, nullable=nullable, primary_key=primary_key)


def upgrade() -> None:
    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO search_state (id, version, last_id) VALUES (1, 0, 2147483648)")
    op.create_table(
        "search_collator",
        _key("type", primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=True),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("collated_at", sa.BigInteger, nullable=True),
        sa.Column("requested", sa.SmallInteger, nullable=False),
    )
    op.create_table(
        "search_document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        _key("type"),
        _key("key"),
        _key("grp"),
        _key("resource_ref", nullable=True),
        sa.Column("resource", sa.BigInteger, nullable=True),
        sa.Column("title", sa.Text, nullable=False),
        _key("names"),
        sa.Column("title_words", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_index("search_document_key", "search_document", ["type", "key"], unique=True)
    op.create_index("search_document_group", "search_document", ["type", "grp"])
    op.create_index("search_document_title", "search_document", ["names"])
    # Entities' own documents have their numbers as ids; only the others are looked up by whom they belong to.
    op.create_index(
        "search_document_resource",
        "search_document",
        ["resource_ref"],
        sqlite_where=sa.text("id > 2147483648"),
        postgresql_where=sa.text("id > 2147483648"),
    )
    if op.get_bind().dialect.name == "sqlite":
        # ASCII: whatever is beyond it is part of a word. Words come folded, so there is nothing left to fold.
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5(title, text, marks,"
            " tokenize = 'ascii', detail = 'column', columnsize = 0, prefix = '1 2 3')"
        )
    else:
        op.execute("CREATE TABLE search_words (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute(
            "CREATE INDEX search_words_words ON search_words USING gin (words)"
            " WITH (fastupdate = on, gin_pending_list_limit = 1024)"
        )


def downgrade() -> None:
    for table in ("search_words", "search_document", "search_collator", "search_state"):
        op.drop_table(table)
