"""The blast-radius guard: an answer that would remove a large share of a provider's entities waits for a word.

A provider whose host answers half a list looks just like one whose entities were deleted. So what would remove more
than a share of them is held back, whole, until an operator releases or discards it, or the provider thinks again.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GuardSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)

    max_removed_share: float = Field(default=0.3, alias="maxRemovedShare", ge=0, le=1)
    """The largest share of its entities that a provider may remove at once."""
    min_removed: int = Field(default=20, alias="minRemoved", ge=0)
    """So many may always be removed."""
    enabled: bool = True


def removes_too_much(removed: int, owned: int, settings: GuardSettings) -> bool:
    """Whether a mutation has to wait. Both limits must be exceeded."""
    return settings.enabled and removed > settings.min_removed and removed > settings.max_removed_share * owned
