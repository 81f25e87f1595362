"""Files of bundles, current and recent. Times are BIGINT milliseconds (UTC)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel


class StaticAsset(SQLModel, table=True):
    """One file below `/static` of a bundle; `namespace` is the entry point that it belongs to."""

    __tablename__ = "static_assets_cache"
    namespace: str = Field(sa_column=Column(Text, primary_key=True))
    path: str = Field(sa_column=Column(Text, primary_key=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    compressed: bool = Field(sa_column=Column(Boolean, nullable=False))
    """Whether the content is gzip."""
    last_modified_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    """When a server last had it in its bundle."""

    __table_args__ = (Index("static_assets_cache_last_modified_at", "last_modified_at"),)
