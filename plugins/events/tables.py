"""Deliveries of webhooks: a row each, worked by lease. Times are BIGINT milliseconds (UTC), JSON is TEXT."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel


class Delivery(SQLModel, table=True):
    """Kept when it is done, without its payload: a repetition is known by its id."""

    __tablename__ = "events_delivery"
    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    topic: str = Field(sa_column=Column(Text, nullable=False))
    delivery: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """The sender's id of the delivery; NULL where there is none, and so no repetition is known."""
    headers: str = Field(sa_column=Column(Text, nullable=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    received_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    leased_until: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    done_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))

    __table_args__ = (
        Index("events_delivery_delivery", "topic", "delivery", unique=True),
        Index("events_delivery_done", "done_at"),
        Index(
            "events_delivery_waiting",
            "id",
            sqlite_where=Column("done_at", BigInteger).is_(None),
            postgresql_where=Column("done_at", BigInteger).is_(None),
        ),
    )
