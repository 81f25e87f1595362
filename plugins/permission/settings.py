"""`permission` in the configuration, as far as the policy goes."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel


class PolicySettings(BaseModel, frozen=True, extra="ignore", defer_build=True):
    enabled: bool = False
    policy: Path | None = None
    """The policy file, relative to the working directory."""
