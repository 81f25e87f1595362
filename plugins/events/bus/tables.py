"""Events of the bus and who waits for them. Times are BIGINT milliseconds (UTC), JSON is TEXT."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel


class BusState(SQLModel, table=True):
    """One row. Whoever publishes holds it, so ids are in the order of commits and nobody reads past one to come."""

    __tablename__ = "events_bus_state"
    id: int = Field(sa_column=Column(Integer, primary_key=True))
    last_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class BusEvent(SQLModel, table=True):
    __tablename__ = "events_bus_event"
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    topic: str = Field(sa_column=Column(Text, nullable=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    notified: str = Field(sa_column=Column(Text, nullable=False))
    """Ids of the subscriptions that have it already: a JSON array."""
    created_by: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))

    __table_args__ = (
        Index("events_bus_event_topic", "topic", "id"),
        Index("events_bus_event_created", "created_at"),
    )


class BusSubscription(SQLModel, table=True):
    __tablename__ = "events_bus_subscription"
    id: str = Field(sa_column=Column(Text, primary_key=True))
    read_until: int = Field(sa_column=Column(BigInteger, nullable=False))
    """The last event that has been fetched, or was there before the subscription."""
    created_by: str = Field(sa_column=Column(Text, nullable=False))
    seen_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    """When it was last asked for, to within a minute."""


class BusTopic(SQLModel, table=True):
    """Who wants what."""

    __tablename__ = "events_bus_topic"
    topic: str = Field(sa_column=Column(Text, primary_key=True))
    subscription: str = Field(sa_column=Column(Text, primary_key=True, index=True))
