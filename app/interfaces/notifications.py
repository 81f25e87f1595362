"""Telling people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.interfaces.basics import Json


class NotificationSender(Protocol):
    """Sends notifications; a port that the notifications plugin provides."""

    async def send(self, recipients: Mapping[str, Json], payload: Mapping[str, Json], *, origin: str) -> None:
        """Source: spec/ui-backends.md §8.

        Args:
            recipients: `{"type": "broadcast"}` or `{"type": "entity", "entityRef": ref or refs, "excludeEntityRef"?}`.
            payload: `title`, and perhaps `description`, `link`, `severity`, `topic`, `scope`, `icon`, `metadata`.
            origin: who says so, `plugin:<id>`.

        Raises InputError.
        """
