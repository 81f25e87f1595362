"""Builds of sites: a row for each entity whose site was ever built here. Times are BIGINT milliseconds (UTC)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel


class Build(SQLModel, table=True):
    __tablename__ = "techdocs_build"
    uid: str = Field(sa_column=Column(Text, primary_key=True))
    """Of the entity."""
    owner: str = Field(sa_column=Column(Text, nullable=False))
    """The process and build that hold the lease."""
    leased_until: int = Field(sa_column=Column(BigInteger, nullable=False))
    checked_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    """When the site was last found or made up to date; 0 for never."""
    built_at: int = Field(sa_column=Column(BigInteger, nullable=False))

    __table_args__ = (Index("techdocs_build_checked", "checked_at"),)
