"""`signals`: who may connect, and how much a connection may ask for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SignalsSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    anonymous: bool = True
    """Let clients without a token connect, as `user:default/guest`; Backstage does."""
    max_channels: int = Field(default=100, ge=1, alias="maxChannels")
    """Channels that one connection may subscribe to; further ones are ignored."""
    max_waiting: int = Field(default=256, ge=1, alias="maxWaiting")
    """Messages that may wait for a slow client before its connection is closed (1013)."""
