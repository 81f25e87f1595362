"""The catalog's tables. Types are alike on both engines: times are BIGINT milliseconds (UTC), JSON is TEXT.

Writers take rows in the order of `entity_ref` so that two of them never wait for each other in a circle.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlmodel import Field, SQLModel

from catalog.store.unseen import UNSEEN

"""Unprocessed entities that may have no final one: queries must use these very words, for the index to serve them."""

KEY_TEXT = Text().with_variant(TEXT(collation="C"), "postgresql")
"""Texts that are looked up and compared: by code point on both engines, and without a locale's cost."""


def _id() -> Column[int]:
    return Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)


def _bigint(*, nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


def _text(*, nullable: bool = False) -> Column[str]:
    return Column(Text, nullable=nullable)


def _key(*, nullable: bool = False, **more: Any) -> Column[str]:
    return Column(KEY_TEXT, nullable=nullable, **more)


class Counter(SQLModel, table=True):
    """Numbers handed out inside the writing transaction: `entity`, `term`, `key`, `revision`.

    One row per name, updated and so locked by whoever writes: numbers are in commit order and without gaps.
    """

    __tablename__ = "catalog_counter"
    name: str = Field(sa_column=_key(primary_key=True))
    value: int = Field(sa_column=_bigint())


class RefreshState(SQLModel, table=True):
    """One row per unprocessed entity. Source: spec/catalog.md §4.1."""

    __tablename__ = "catalog_refresh_state"
    entity_id: int = Field(sa_column=_id())
    uid: str = Field(sa_column=_key(unique=True))
    entity_ref: str = Field(sa_column=_key(unique=True))
    unprocessed: str = Field(sa_column=_text())
    unprocessed_hash: str = Field(sa_column=_text())
    processed: str | None = Field(default=None, sa_column=_text(nullable=True))
    result_hash: str | None = Field(default=None, sa_column=_text(nullable=True))
    errors: str = Field(default="[]", sa_column=_text())
    cache: str = Field(default="{}", sa_column=_text())
    location_key: str | None = Field(default=None, sa_column=_text(nullable=True))
    reads_outside: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False))
    """1: checked again every processing interval (Locations, placeholders, outside-reading processors)."""
    due_at: int | None = Field(default=None, sa_column=_bigint(nullable=True))
    """When it is to be processed; NULL when nothing has changed since the last pass."""
    discovered_at: int = Field(sa_column=_bigint())
    cause: str | None = Field(default=None, sa_column=_text(nullable=True))
    """JSON of the Cause that made it due."""
    last_pass_at: int | None = Field(default=None, sa_column=_bigint(nullable=True))
    """When the last pass that stored something ended."""
    stitch_error: str | None = Field(default=None, sa_column=_text(nullable=True))
    """JSON of the error for which its final entity cannot be put together."""

    __table_args__ = (
        Index(
            "catalog_refresh_state_due",
            "due_at",
            sqlite_where=Column("due_at", BigInteger).is_not(None),
            postgresql_where=Column("due_at", BigInteger).is_not(None),
        ),
        Index(
            "catalog_refresh_state_outside",
            "entity_id",
            sqlite_where=Column("reads_outside", SmallInteger) == 1,
            postgresql_where=Column("reads_outside", SmallInteger) == 1,
        ),
        Index(
            "catalog_refresh_state_unseen",
            "entity_id",
            sqlite_where=text(UNSEEN),
            postgresql_where=text(UNSEEN),
        ),
    )


class RefreshReference(SQLModel, table=True):
    """Who emitted whom: a provider (`source_key`) or an entity (`source_ref`) → `target_ref`."""

    __tablename__ = "catalog_refresh_reference"
    id: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    )
    source_key: str | None = Field(default=None, sa_column=_key(nullable=True))
    source_ref: str | None = Field(default=None, sa_column=_key(nullable=True))
    target_ref: str = Field(sa_column=_key())

    __table_args__ = (
        Index("catalog_refresh_reference_target", "target_ref"),
        Index(
            "catalog_refresh_reference_key",
            "source_key",
            sqlite_where=Column("source_key", Text).is_not(None),
            postgresql_where=Column("source_key", Text).is_not(None),
        ),
        Index(
            "catalog_refresh_reference_ref",
            "source_ref",
            sqlite_where=Column("source_ref", Text).is_not(None),
            postgresql_where=Column("source_ref", Text).is_not(None),
        ),
    )


class RefreshKey(SQLModel, table=True):
    __tablename__ = "catalog_refresh_key"
    entity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    key: str = Field(sa_column=_key(primary_key=True))

    __table_args__ = (Index("catalog_refresh_key_key", "key"), {"sqlite_with_rowid": False})


class RelationRow(SQLModel, table=True):
    """Relations as emitted; those of a final entity are all rows whose source is its ref, distinct and sorted."""

    __tablename__ = "catalog_relation"
    origin_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    source_ref: str = Field(sa_column=_key(primary_key=True))
    type: str = Field(sa_column=_key(primary_key=True))
    target_ref: str = Field(sa_column=_key(primary_key=True))

    __table_args__ = (
        Index("catalog_relation_source", "source_ref"),
        Index("catalog_relation_target", "target_ref"),
        {"sqlite_with_rowid": False},
    )


class StitchRequest(SQLModel, table=True):
    """A ref whose final entity is to be put together anew. Asking twice is asking once."""

    __tablename__ = "catalog_stitch_queue"
    entity_ref: str = Field(sa_column=_key(primary_key=True))
    requested_at: int = Field(sa_column=_bigint())
    cause: str | None = Field(default=None, sa_column=_text(nullable=True))


class FinalEntity(SQLModel, table=True):
    """What the read API serves. `document` is the JSON text that goes on the wire."""

    __tablename__ = "catalog_entity"
    id: int = Field(sa_column=_id())
    entity_ref: str = Field(sa_column=_key(unique=True))
    document: str = Field(sa_column=_text())
    hash: str = Field(sa_column=_text())
    terms: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Ids of its terms, ascending, as little-endian uint32: what its postings are."""
    revision: int = Field(sa_column=_bigint())
    updated_at: int = Field(sa_column=_bigint())


class SearchKey(SQLModel, table=True):
    """A lower-cased path such as `metadata.tags`. Source: §2.1."""

    __tablename__ = "catalog_key"
    id: int = Field(sa_column=_id())
    key: str = Field(sa_column=_key(unique=True))


class Term(SQLModel, table=True):
    """One (key, value) as entities have it. `value` is lower-cased, `original` as written; a null or over-long
    value has
    `is_null` = 1 and both texts empty. Rows that differ only in `original` are one value with several spellings."""

    __tablename__ = "catalog_term"
    id: int = Field(sa_column=_id())
    key_id: int = Field(sa_column=_bigint())
    value: str = Field(sa_column=_key())
    original: str = Field(sa_column=_key())
    is_null: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False))

    __table_args__ = (Index("catalog_term_unique", "key_id", "value", "original", "is_null", unique=True),)


class Posting(SQLModel, table=True):
    """`term_id` holds for `entity_id`. Clustered by term."""

    __tablename__ = "catalog_posting"
    term_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    entity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))

    __table_args__ = ({"sqlite_with_rowid": False},)


class Revision(SQLModel, table=True):
    """Change number `n` of the catalog. `change` is `created`, `updated` or `deleted`; `cause` is JSON."""

    __tablename__ = "catalog_revision"
    n: int = Field(sa_column=_id())
    entity_id: int = Field(sa_column=_bigint())
    entity_ref: str = Field(sa_column=_key())
    change: str = Field(sa_column=_text())
    cause: str = Field(sa_column=_text())
    actor: str | None = Field(default=None, sa_column=_text(nullable=True))
    hash: str | None = Field(default=None, sa_column=_text(nullable=True))
    at: int = Field(sa_column=_bigint())

    __table_args__ = (Index("catalog_revision_entity_ref", "entity_ref"),)


class LocationRow(SQLModel, table=True):
    """A registered location (`/locations`)."""

    __tablename__ = "catalog_location"
    id: str = Field(sa_column=_key(primary_key=True))
    type: str = Field(sa_column=_key())
    target: str = Field(sa_column=_key())
    entity_ref: str = Field(sa_column=_key())

    __table_args__ = (Index("catalog_location_unique", "type", "target", unique=True),)


class Conflict(SQLModel, table=True):
    """An entity ref that a second source claims and does not get. Source: §4.3."""

    __tablename__ = "catalog_conflict"
    entity_ref: str = Field(sa_column=_key(primary_key=True))
    location_key: str = Field(sa_column=_key(primary_key=True))
    """The key of the source that was turned away; empty for a source without one."""
    held_by: str = Field(sa_column=_text())
    source: str = Field(sa_column=_key())
    """Who was turned away: `provider:<name>` or `entity:<ref>`."""
    at: int = Field(sa_column=_bigint())

    __table_args__ = (Index("catalog_conflict_source", "source"),)


class HeldMutation(SQLModel, table=True):
    """A provider's full mutation that would remove too much and waits for an operator's word."""

    __tablename__ = "catalog_held_mutation"
    id: str = Field(sa_column=_key(primary_key=True))
    provider: str = Field(sa_column=_key(unique=True))
    removed: str = Field(sa_column=_text())
    """JSON list of the refs that would go."""
    total: int = Field(sa_column=_bigint())
    entities: str = Field(sa_column=_text())
    """JSON of the mutation, to apply it when it is released."""
    at: int = Field(sa_column=_bigint())


class OpenIngestion(SQLModel, table=True):
    """How far an incremental ingestion is; a provider has one open one at most."""

    __tablename__ = "catalog_ingestion"
    id: str = Field(sa_column=_key(primary_key=True))
    provider: str = Field(sa_column=_key())
    ticket: str = Field(sa_column=_key())
    """`open`, or the id of one that is over."""
    status: str = Field(sa_column=_text())
    next_action: str = Field(sa_column=_text())
    next_action_at: int = Field(sa_column=_bigint())
    attempts: int = Field(sa_column=Column(Integer, nullable=False))
    last_error: str | None = Field(sa_column=_text(nullable=True))

    __table_args__ = (Index("catalog_ingestion_ticket", "provider", "ticket", unique=True),)


class IngestionMark(SQLModel, table=True):
    """A page of an ingestion that is in the catalog."""

    __tablename__ = "catalog_ingestion_mark"
    ingestion_id: str = Field(sa_column=_key(primary_key=True))
    sequence: int = Field(sa_column=Column(Integer, primary_key=True))
    id: str = Field(sa_column=_text())
    cursor: str = Field(sa_column=_text())
    """JSON: where the next page begins."""
    created_at: int = Field(sa_column=_bigint())


class IngestionEntity(SQLModel, table=True):
    """An entity that an ingestion has named."""

    __tablename__ = "catalog_ingestion_entity"
    ingestion_id: str = Field(sa_column=_key(primary_key=True))
    entity_ref: str = Field(sa_column=_key(primary_key=True))
