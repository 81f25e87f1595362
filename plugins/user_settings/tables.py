"""One row for each thing a user has set up."""

from __future__ import annotations

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel


class UserSetting(SQLModel, table=True):
    __tablename__ = "user_settings_setting"
    user_ref: str = Field(sa_column=Column(Text, primary_key=True))
    bucket: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    value: str = Field(sa_column=Column(Text, nullable=False))
    """JSON text of any value."""
