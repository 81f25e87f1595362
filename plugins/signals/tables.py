"""Signals on their way to other replicas: rows that live for minutes. Times are BIGINT ms (UTC), JSON is TEXT."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel


class SentSignal(SQLModel, table=True):
    __tablename__ = "signals_sent"
    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    sender: str = Field(sa_column=Column(Text, nullable=False))
    """The process that has delivered it to its own connections already."""
    payload: str = Field(sa_column=Column(Text, nullable=False))
    sent_at: int = Field(sa_column=Column(BigInteger, nullable=False))

    __table_args__ = (Index("signals_sent_sent_at", "sent_at"),)
