"""Documents in the database. Every write goes through one row, so writers of all processes stand in line.

That row's version tells readers that something has changed. That writers stand in line makes it safe to look something
up and to store what follows from it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from app.interfaces import Database
from catalog.interfaces import EntityVisibility
from plugins.search.fulltext import FullText, full_text
from plugins.search.pace import HOLD_S, Pace
from plugins.search.writing import FIRST_ID, IndexWrite, generation_of

REQUESTS: Final = "search_requests"
"""Somebody wants a type to be collated anew."""
POLL_S: Final = 0.2
WANTED: Final = 1
BEGUN: Final = 2
"""A collation that was asked for, and one that was and is under way, or has failed."""


@dataclass(frozen=True, slots=True)
class Collated:
    """How far a type is. `requested`: somebody waits for a collation that has not been completed."""

    version: str
    position: str | None
    generation: int
    collated_at: datetime | None
    requested: bool


class SearchStore:
    """Reads, transactions, and how far each collator is."""

    def __init__(self, database: Database, visibility: Callable[[], EntityVisibility]) -> None:
        self.database = database
        self.visibility = visibility
        self.words: FullText = full_text(database)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[IndexWrite]:
        """One transaction: committed at the end, rolled back by an exception. Others wait for it to end."""
        async with self.database.write() as transaction:
            lock = " FOR NO KEY UPDATE" if transaction.dialect == "postgresql" else ""
            ((version, last_id),) = await transaction.fetch(
                f"SELECT version, last_id FROM search_state WHERE id = 1{lock}"  # noqa: S608
            )
            began = time.perf_counter()
            write = IndexWrite(transaction, self.database, self.words, self.visibility, version + 1, last_id)
            yield write
            if write.changed:
                await write.finish()
        # With the commit, which on SQLite is when most of the work on words is done.
        write.held_s = time.perf_counter() - began

    def pace(self) -> Pace:
        """For work that takes many transactions."""
        return Pace(HOLD_S[self.database.dialect])

    async def version(self) -> int:
        rows = await self.database.read("SELECT version FROM search_state WHERE id = 1")
        return int(rows[0][0])

    async def changes(self, after: int) -> list[tuple[int, list[int] | None, int]]:
        """The versions after one, as far as they are told of: the documents that each has changed, None for more than
        anybody would follow, and how many characters their words have."""
        rows = await self.database.read(
            "SELECT version, ids, characters FROM search_change WHERE version > ? ORDER BY version", after
        )
        return [(row[0], None if row[1] is None else orjson.loads(row[1]), row[2]) for row in rows]

    async def counts(self) -> dict[str, int]:
        """Documents of each type."""
        return dict(await self.database.read("SELECT type, count(*) FROM search_document GROUP BY type"))

    async def resource_refs(self) -> list[str]:
        """Whom documents belong to that are not entities' own."""
        rows = await self.database.read(
            f"SELECT DISTINCT resource_ref FROM search_document WHERE id > {FIRST_ID} AND resource_ref IS NOT NULL"  # noqa: S608
        )
        return [row[0] for row in rows]

    # ---------------------------------------------------------------------------------------------- collations

    async def collated(self, type: str) -> Collated | None:  # noqa: A002
        """None before the first time."""
        rows = await self.database.read(
            "SELECT version, position, generation, collated_at, requested FROM search_collator WHERE type = ?", type
        )
        if not rows:
            return None
        version, position, generation, at, requested = rows[0]
        return Collated(version, position, generation, _moment(at), bool(requested))

    async def done(self, type: str) -> None:  # noqa: A002
        """Waits until what was requested is done, in whichever process."""
        while (state := await self.collated(type)) is not None and state.requested:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)

    async def begin(self, type: str) -> int:  # noqa: A002
        """A collation begins; gives its generation. What is put from now on has it."""
        async with self.write() as write:
            await write.transaction.execute(
                "INSERT INTO search_collator (type, version, position, generation, collated_at, requested)"
                " VALUES (?, '', NULL, 2, NULL, 0)"
                " ON CONFLICT (type) DO UPDATE SET generation = search_collator.generation + 2",
                type,
            )
            await write.transaction.execute(
                f"UPDATE search_collator SET requested = {BEGUN} WHERE type = ? AND requested = {WANTED}",  # noqa: S608
                type,
            )
            await write.transaction.execute("DELETE FROM search_gone WHERE type = ?", type)
            return await generation_of(write.transaction, type)

    async def end(self, type: str, generation: int, version: str, position: str | None, now: datetime) -> int:  # noqa: A002
        """A collation is complete: what it has not named goes. Gives how many documents did."""
        gone = await self._drop("type = ? AND generation < ?", type, generation)
        async with self.write() as write:
            await write.transaction.execute(
                # What was asked for meanwhile is another one.
                "UPDATE search_collator SET version = ?, position = ?, collated_at = ?, ended = ?,"  # noqa: S608
                f" requested = CASE requested WHEN {BEGUN} THEN 0 ELSE requested END WHERE type = ?",
                version,
                position,
                _ms(now),
                generation,
                type,
            )
            await write.transaction.execute("DELETE FROM search_gone WHERE type = ?", type)
        return gone

    async def _drop(self, condition: str, *values: Any) -> int:
        """Removes the documents to which the condition applies; gives how many did."""
        rows = await self.database.read(f"SELECT id FROM search_document WHERE {condition}", *values)  # noqa: S608
        pace, gone = self.pace(), 0
        for part in pace.parts([row[0] for row in rows]):
            async with self.write() as write:
                # What somebody has told of since it was looked up is another document.
                still = await write.transaction.fetch(
                    f"SELECT id FROM search_document WHERE {condition}"  # noqa: S608
                    f" AND {self.database.any_of('id', 'bigint')}",
                    *values,
                    self.database.array(part),
                )
                await write.drop([row[0] for row in still])
            pace.note(len(part), write.held_s)
            gone += len(still)
        return gone

    async def request(self, types: Sequence[str]) -> None:
        """Have types collated anew. Asking twice is asking once."""
        async with self.write() as write:
            for one in types:
                await write.transaction.execute(
                    "INSERT INTO search_collator (type, version, position, generation, collated_at, requested)"
                    " VALUES (?, '', NULL, 0, NULL, ?) ON CONFLICT (type) DO UPDATE SET requested = excluded.requested",
                    one,
                    WANTED,
                )
            await write.transaction.notify(REQUESTS)

    async def forget(self, types: Sequence[str]) -> list[str]:
        """Remove the documents of all types but these; gives which those were."""
        rows = await self.database.read("SELECT type FROM search_collator UNION SELECT type FROM search_document")
        gone = sorted({row[0] for row in rows} - set(types))
        for one in gone:
            await self._drop("type = ?", one)
            async with self.write() as write:
                await write.transaction.execute("DELETE FROM search_collator WHERE type = ?", one)
        return gone


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(ms: Any) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(int(ms) / 1000, UTC)
