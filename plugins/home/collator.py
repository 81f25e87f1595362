"""The handbook in the search, where the configuration wants it: a stock frontend knows nothing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from app.interfaces import SearchCollator, SearchDocument
from plugins.home.handbook import Handbook


class HandbookSearchSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    enabled: bool = False
    """Find Callboard's own documentation in the portal's search, as documents of type `callboard`."""


class HandbookCollator(SearchCollator):
    """One document for each section. `base_url` is where browsers reach this server."""

    type: ClassVar[str] = "callboard"

    def __init__(self, handbook: Handbook, base_url: str, version: str) -> None:
        self._handbook = handbook
        self._base_url = base_url.rstrip("/")
        self.version = version

    async def collate(self) -> AsyncIterator[Sequence[SearchDocument]]:
        yield [
            SearchDocument(
                key=section.path,
                title=section.title,
                text=section.text,
                location=f"{self._base_url}{section.path}",
                fields={"page": section.page_title},
            )
            for section in self._handbook.sections()
        ]
