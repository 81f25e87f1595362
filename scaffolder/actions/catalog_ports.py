"""What the catalog actions need of the catalog, in the name of whoever started the task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.interfaces import Json, Principal


class CatalogAccess(Protocol):
    """The catalog as one principal sees it: permissions are checked on every call."""

    async def entities(self, refs: Sequence[str], caller: Principal) -> list[Json | None]:
        """The entities of canonical refs, None for what is not there or may not be read."""

    async def register(self, target: str, caller: Principal) -> list[Json]:
        """Add a location of type `url` and give the entities it brings, by what a dry run finds.

        Raises ConflictError: it exists. NotAllowedError: the caller may not.
        """

    async def found_at(self, target: str, caller: Principal) -> list[Json]:
        """The entities that a location would bring."""
