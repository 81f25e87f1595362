"""Create the catalog's tables.

Revision ID: catalog_0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "catalog_0001"
down_revision = None
branch_labels = None
depends_on = None

_INTEGER_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEY_TEXT = sa.Text().with_variant(TEXT(collation="C"), "postgresql")


def _id() -> sa.Column[Any]:
    return sa.Column("id", _INTEGER_ID, primary_key=True, autoincrement=False)


def _number(name: str, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, **more)


def _key(name: str, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, _KEY_TEXT, nullable=nullable, **more)


def _text(name: str, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable, **more)


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    counter = op.create_table("catalog_counter", _key("name", primary_key=True), _number("value"))
    op.bulk_insert(counter, [{"name": name, "value": 0} for name in ("entity", "key", "revision", "term")])
    _unprocessed()
    _final()
    _history()
    _sources()


def _unprocessed() -> None:
    op.create_table(
        "catalog_refresh_state",
        sa.Column("entity_id", _INTEGER_ID, primary_key=True, autoincrement=False),
        _key("uid", unique=True),
        _key("entity_ref", unique=True),
        _text("unprocessed"),
        _text("unprocessed_hash"),
        _text("processed", nullable=True),
        _text("result_hash", nullable=True),
        _text("errors", server_default="[]"),
        _text("cache", server_default="{}"),
        _text("location_key", nullable=True),
        sa.Column("reads_outside", sa.SmallInteger, nullable=False, server_default="0"),
        _number("due_at", nullable=True),
        _number("discovered_at"),
        _text("cause", nullable=True),
        _number("last_pass_at", nullable=True),
        _text("stitch_error", nullable=True),
    )
    _index("catalog_refresh_state_due", "catalog_refresh_state", "due_at", where="due_at IS NOT NULL")
    _index("catalog_refresh_state_outside", "catalog_refresh_state", "entity_id", where="reads_outside = 1")
    unseen = "processed IS NULL OR stitch_error IS NOT NULL"
    _index("catalog_refresh_state_unseen", "catalog_refresh_state", "entity_id", where=unseen)
    op.create_table(
        "catalog_refresh_reference",
        sa.Column("id", _INTEGER_ID, primary_key=True, autoincrement=True),
        _key("source_key", nullable=True),
        _key("source_ref", nullable=True),
        _key("target_ref"),
    )
    table = "catalog_refresh_reference"
    _index("catalog_refresh_reference_key", table, "source_key", where="source_key IS NOT NULL")
    _index("catalog_refresh_reference_ref", table, "source_ref", where="source_ref IS NOT NULL")
    _index("catalog_refresh_reference_target", table, "target_ref")
    op.create_table(
        "catalog_refresh_key",
        _number("entity_id", primary_key=True, autoincrement=False),
        _key("key", primary_key=True),
        sqlite_with_rowid=False,
    )
    _index("catalog_refresh_key_key", "catalog_refresh_key", "key")
    op.create_table(
        "catalog_relation",
        _number("origin_id", primary_key=True, autoincrement=False),
        _key("source_ref", primary_key=True),
        _key("type", primary_key=True),
        _key("target_ref", primary_key=True),
        sqlite_with_rowid=False,
    )
    _index("catalog_relation_source", "catalog_relation", "source_ref")
    _index("catalog_relation_target", "catalog_relation", "target_ref")
    op.create_table(
        "catalog_stitch_queue",
        _key("entity_ref", primary_key=True),
        _number("requested_at"),
        _text("cause", nullable=True),
    )


def _final() -> None:
    op.create_table(
        "catalog_entity",
        _id(),
        _key("entity_ref", unique=True),
        _text("document"),
        _text("hash"),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        _number("revision"),
        _number("updated_at"),
    )
    op.create_table("catalog_key", _id(), _key("key", unique=True))
    op.create_table(
        "catalog_term",
        _id(),
        _number("key_id"),
        _key("value"),
        _key("original"),
        sa.Column("is_null", sa.SmallInteger, nullable=False, server_default="0"),
    )
    _index("catalog_term_unique", "catalog_term", "key_id", "value", "original", "is_null", unique=True)
    op.create_table(
        "catalog_posting",
        _number("term_id", primary_key=True, autoincrement=False),
        _number("entity_id", primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _history() -> None:
    op.create_table(
        "catalog_revision",
        sa.Column("n", _INTEGER_ID, primary_key=True, autoincrement=False),
        _number("entity_id"),
        _key("entity_ref"),
        _text("change"),
        _text("cause"),
        _text("actor", nullable=True),
        _text("hash", nullable=True),
        _number("at"),
    )
    _index("catalog_revision_entity_ref", "catalog_revision", "entity_ref")


def _sources() -> None:
    op.create_table("catalog_location", _key("id", primary_key=True), _key("type"), _key("target"), _key("entity_ref"))
    _index("catalog_location_unique", "catalog_location", "type", "target", unique=True)
    op.create_table(
        "catalog_conflict",
        _key("entity_ref", primary_key=True),
        _key("location_key", primary_key=True),
        _text("held_by"),
        _key("source"),
        _number("at"),
    )
    _index("catalog_conflict_source", "catalog_conflict", "source")
    op.create_table(
        "catalog_held_mutation",
        _key("id", primary_key=True),
        _key("provider", unique=True),
        _text("removed"),
        _number("total"),
        _text("entities"),
        _number("at"),
    )
