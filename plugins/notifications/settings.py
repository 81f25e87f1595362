"""`notifications`: how long they are kept, how fast they go out, and what users get who have not chosen."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.config import Duration


class DefaultTopic(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    id: str
    enabled: bool


class DefaultOrigin(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    id: str
    enabled: bool
    topics: list[DefaultTopic] = Field(default_factory=list)


class DefaultChannel(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    id: str
    """`Web`, or the name of a processor."""
    enabled: bool | None = None
    """False: nothing comes on this channel but what a user has switched on."""
    origins: list[DefaultOrigin] = Field(default_factory=list)


class DefaultSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    channels: list[DefaultChannel] = Field(default_factory=list)


class NotificationsSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    retention: Duration | Literal[False] = timedelta(days=365)
    """How long notifications are kept; false keeps them for ever."""
    concurrency_limit: int = Field(default=10, ge=1, alias="concurrencyLimit")
    """Notifications that processors (e-mail, chat) are given at once."""
    throttle_interval: Duration = Field(default=timedelta(milliseconds=50), alias="throttleInterval")
    """The least time between two such rounds."""
    default_settings: DefaultSettings = Field(default_factory=DefaultSettings.model_construct, alias="defaultSettings")
    """What users get who have not chosen, by channel, origin and topic."""
