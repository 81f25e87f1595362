"""Notifications of users, broadcasts with what each user did with them, and users' choices.

Times are BIGINT ms (UTC). A broadcast is one row, however many users there are.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Text
from sqlmodel import Field, SQLModel


class _Message(SQLModel):
    """What somebody was told."""

    id: str = Field(sa_type=Text, primary_key=True)
    origin: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    severity: str = Field(sa_type=Text)
    link: str | None = Field(default=None, sa_type=Text)
    topic: str | None = Field(default=None, sa_type=Text)
    scope: str | None = Field(default=None, sa_type=Text)
    icon: str | None = Field(default=None, sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int | None = Field(default=None, sa_type=BigInteger)
    touched_at: int = Field(sa_type=BigInteger)
    """The later of both, by which rows grow old."""


class Notification(_Message, table=True):
    __tablename__ = "notifications_notification"
    user_ref: str = Field(sa_type=Text)
    read_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    saved_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))

    __table_args__ = (
        Index("notifications_of_user", "user_ref", "created_at"),
        Index(
            "notifications_unread",
            "user_ref",
            "created_at",
            "topic",
            # Always NULL there: without it SQLite would look each row up to be sure.
            "read_at",
            sqlite_where=Column("read_at", BigInteger).is_(None),
            postgresql_where=Column("read_at", BigInteger).is_(None),
        ),
        Index("notifications_topics", "user_ref", "origin", "topic"),
        Index(
            "notifications_scope",
            "user_ref",
            "origin",
            "scope",
            unique=True,
            sqlite_where=Column("scope", Text).is_not(None),
            postgresql_where=Column("scope", Text).is_not(None),
        ),
        Index("notifications_touched", "touched_at"),
    )


class Broadcast(_Message, table=True):
    __tablename__ = "notifications_broadcast"

    __table_args__ = (
        Index("notifications_broadcast_created", "created_at"),
        Index(
            "notifications_broadcast_scope",
            "origin",
            "scope",
            unique=True,
            sqlite_where=Column("scope", Text).is_not(None),
            postgresql_where=Column("scope", Text).is_not(None),
        ),
        Index("notifications_broadcast_touched", "touched_at"),
    )


class BroadcastStatus(SQLModel, table=True):
    """What one user did with one broadcast; no row: nothing."""

    __tablename__ = "notifications_broadcast_status"
    user_ref: str = Field(sa_column=Column(Text, primary_key=True))
    broadcast_id: str = Field(
        sa_column=Column(Text, ForeignKey("notifications_broadcast.id", ondelete="CASCADE"), primary_key=True)
    )
    read_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    saved_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))

    __table_args__ = (Index("notifications_broadcast_status_of", "broadcast_id"),)


class Setting(SQLModel, table=True):
    """One switch of a user; `topic` empty stands for the whole origin."""

    __tablename__ = "notifications_setting"
    user_ref: str = Field(sa_column=Column(Text, primary_key=True))
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    origin: str = Field(sa_column=Column(Text, primary_key=True))
    topic: str = Field(sa_column=Column(Text, primary_key=True))
    enabled: bool = Field(sa_column=Column(Boolean, nullable=False))
