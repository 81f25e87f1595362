"""Tables of the host's authentication. Times are BIGINT milliseconds (UTC), JSON is TEXT."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel


class SigningKey(SQLModel, table=True):
    """The public half of a key pair. The private half never leaves the memory of the process that made it, so a
    stolen database or backup forges no token."""

    __tablename__ = "auth_signing_key"
    kid: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    """`user`, or `plugin:<id>`: what tokens it signs."""
    jwk: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    """From then on no token of this key can be valid, and the row may go."""

    __table_args__ = (
        Index("auth_signing_key_purpose", "purpose", "expires_at"),
        Index("auth_signing_key_expires", "expires_at"),
    )


class UserInfo(SQLModel, table=True):
    """What was known of a user at their last sign-in. Source: spec/ui-backends.md §2.6."""

    __tablename__ = "auth_user_info"
    user_entity_ref: str = Field(sa_column=Column(Text, primary_key=True))
    claims: str = Field(sa_column=Column(Text, nullable=False))
    """JSON: `sub`, `ent`, and what a sign-in added."""
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))
