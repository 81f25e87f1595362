"""Mutations that wait for an operator's word; a provider has one at most: its newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import NotFoundError
from app.interfaces import Database
from catalog.store.writing import CatalogWrite

_SELECT = "SELECT id, provider, removed, total, at FROM catalog_held_mutation"


@dataclass(frozen=True, slots=True)
class Held:
    """A held mutation without its entities. `total` is how many the provider owned; `at` is in milliseconds."""

    id: str
    provider: str
    removed: list[str]
    total: int
    at: int


def _held(row: tuple[Any, ...]) -> Held:
    return Held(row[0], row[1], orjson.loads(row[2]), row[3], row[4])


async def hold(
    write: CatalogWrite, held_id: str, provider: str, removed: Sequence[str], total: int, mutation: str
) -> None:
    """Keep a mutation in place of the one that may have been held before."""
    await drop_held(write, provider)
    await write.tx.execute(
        "INSERT INTO catalog_held_mutation (id, provider, removed, total, entities, at) VALUES (?, ?, ?, ?, ?, ?)",
        held_id,
        provider,
        orjson.dumps(list(removed)).decode(),
        total,
        mutation,
        write.now,
    )


async def drop_held(write: CatalogWrite, provider: str) -> None:
    await write.tx.execute("DELETE FROM catalog_held_mutation WHERE provider = ?", provider)


async def is_held(database: Database, provider: str) -> bool:
    """Whether a mutation of a provider waits."""
    return bool(await database.read("SELECT 1 FROM catalog_held_mutation WHERE provider = ?", provider))


async def list_held(database: Database) -> list[Held]:
    return [_held(row) for row in await database.read(f"{_SELECT} ORDER BY at")]


async def take_held(write: CatalogWrite, held_id: str) -> tuple[str, str]:
    """Remove a held mutation and give its provider and its JSON. Raises NotFoundError."""
    rows = await write.tx.fetch("SELECT provider, entities FROM catalog_held_mutation WHERE id = ?", held_id)
    if not rows:
        raise NotFoundError(f"No mutation with id {held_id} is held")
    await write.tx.execute("DELETE FROM catalog_held_mutation WHERE id = ?", held_id)
    provider, entities = rows[0]
    return provider, entities
