"""The SQL of the revision feed: what has changed, and the entities themselves past all caches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from app.interfaces import Database
from catalog.interfaces import EntityChange, RevisionsLostError, StoredEntity
from catalog.store.writing import cause_of

PAGE: Final = 1_000
"""Refs of one statement."""


class Revisions:
    """Statements on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        document = "CAST(document AS BLOB)" if database.dialect == "sqlite" else "convert_to(document, 'UTF8')"
        self._entity = f"SELECT id, entity_ref, {document} FROM catalog_entity"  # noqa: S608

    async def newest(self) -> int:
        rows = await self._database.read("SELECT value FROM catalog_counter WHERE name = 'revision'")
        return int(rows[0][0]) if rows else 0

    async def after(self, revision: int, limit: int) -> list[EntityChange]:
        """Raises RevisionsLostError where the revision itself, or the one behind it, is not there."""
        rows = await self._database.read(
            "SELECT n, entity_id, entity_ref, change, cause, at FROM catalog_revision WHERE n > ? ORDER BY n LIMIT ?",
            revision,
            limit,
        )
        if rows and rows[0][0] != revision + 1:
            raise RevisionsLostError(f"Revision {revision + 1} is forgotten: the oldest left is {rows[0][0]}")
        if not rows and await self.newest() < revision:
            raise RevisionsLostError(f"Revision {revision} does not exist")
        return [
            EntityChange(int(n), int(number), ref, change, cause_of(cause), int(at))
            for n, number, ref, change, cause, at in rows
        ]

    async def entities(self, refs: Sequence[str]) -> list[StoredEntity]:
        found: list[StoredEntity] = []
        for start in range(0, len(refs), PAGE):
            rows = await self._database.read(
                f"{self._entity} WHERE {self._database.any_of('entity_ref', 'text')}",
                self._database.array(refs[start : start + PAGE]),
            )
            found += map(_entity, rows)
        return found

    async def numbers(self, refs: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(refs), PAGE):
            rows = await self._database.read(
                f"SELECT entity_ref, id FROM catalog_entity WHERE {self._database.any_of('entity_ref', 'text')}",  # noqa: S608
                self._database.array(refs[start : start + PAGE]),
            )
            found.update(rows)
        return found

    async def everything(self, batch: int) -> AsyncIterator[list[StoredEntity]]:
        last = -1
        # Page by page instead of one cursor: nothing is held open for as long as the reader takes.
        while rows := await self._database.read(f"{self._entity} WHERE id > ? ORDER BY id LIMIT ?", last, batch):
            yield [_entity(row) for row in rows]
            last = int(rows[-1][0])


def _entity(row: tuple[Any, ...]) -> StoredEntity:
    return StoredEntity(int(row[0]), row[1], bytes(row[2]))
