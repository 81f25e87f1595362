"""Documents in the database. Every write goes through one row, so writers of all processes stand in line.

That row's version tells readers that something has changed. That writers stand in line makes it safe to look something
up and to store what follows from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.interfaces import Database, Transaction
from catalog.interfaces import EntityVisibility
from plugins.search.entries import Entry
from plugins.search.fulltext import FullText, full_text

CHANNEL: Final = "search_index"
"""Notified with the version of the index after each change."""
REQUESTS: Final = "search_requests"
"""Somebody wants a type to be collated anew."""
FIRST_ID: Final = 1 << 31
"""Ids above are counted; those below are the numbers of the entities whose own documents they are."""
POLL_S: Final = 0.2
WANTED: Final = 1
BEGUN: Final = 2
"""A collation that was asked for, and one that was and is under way, or has failed."""
TOLD: Final = 1
"""Collations have even generations; what is told of during or after one has the odd one behind it."""
_COLUMNS: Final = (
    "id",
    "type",
    "key",
    "grp",
    "resource_ref",
    "resource",
    "title",
    "names",
    "title_words",
    "document",
    "hash",
    "generation",
)


@dataclass(frozen=True, slots=True)
class Collated:
    """How far a type is. `requested`: somebody waits for a collation that has not been completed."""

    version: str
    position: str | None
    generation: int
    collated_at: datetime | None
    requested: bool


class IndexWrite:
    """An open transaction on the index."""

    def __init__(self, transaction: Transaction, store: SearchStore, version: int, last_id: int) -> None:
        self.transaction = transaction
        self.version = version
        self.changed = 0
        """Documents that were written or removed."""
        self._store = store
        self._last_id = last_id

    async def put(self, type: str, entries: Sequence[Entry], generation: int | None = None) -> None:  # noqa: A002
        """Add documents, or replace those of the same keys. What is there just so stays untouched.

        `generation` is that of the collation whose part this is: then groups that somebody has told of since it began
        are newer, and stay. None: somebody tells of a change.
        """
        if generation is None:
            generation = await self._store.generation(self.transaction, type) + TOLD
        else:
            fresh = await self._groups(type, generation + TOLD, {entry.group for entry in entries})
            entries = [entry for entry in entries if entry.group not in fresh]
        # Of several with one key the last is meant.
        entries = list({entry.key: entry for entry in entries}.values())
        stored = await self._stored(type, [entry.key for entry in entries])
        wanted: list[Entry] = []
        alike: list[int] = []
        for entry in entries:
            before = stored.get(entry.key)
            if before is None or before[1] != entry.hash:
                wanted.append(entry)
            elif before[2] != generation:
                alike.append(before[0])
        await self._mark(alike, generation)
        await self.drop([stored[entry.key][0] for entry in wanted if entry.key in stored])
        await self._insert(type, wanted, generation)

    async def remove(self, type: str, groups: Sequence[str], keep: Sequence[str] = ()) -> None:  # noqa: A002
        """Remove what belongs to the groups, but for the documents of these keys, which are about to be put."""
        database = self._store.database
        rows = await self.transaction.fetch(
            f"SELECT id, key FROM search_document WHERE type = ? AND {database.any_of('grp', 'text')}",  # noqa: S608
            type,
            database.array(groups),
        )
        kept = set(keep)
        await self.drop([row[0] for row in rows if row[1] not in kept])

    async def drop(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        database = self._store.database
        await self._store.words.remove(self.transaction, ids)
        await self.transaction.execute(
            f"DELETE FROM search_document WHERE {database.any_of('id', 'bigint')}",  # noqa: S608
            database.array(ids),
        )
        self.changed += len(ids)

    async def adopt(self, numbers: Mapping[str, int]) -> None:
        """Entities have come to be: documents that belong to them belong to these numbers."""
        if not numbers:
            return
        database = self._store.database
        rows = await self.transaction.fetch(
            "SELECT id, resource_ref, resource FROM search_document"  # noqa: S608
            f" WHERE id > {FIRST_ID} AND {database.any_of('resource_ref', 'text')}",
            database.array(numbers),
        )
        changed = [(numbers[ref], id_) for id_, ref, number in rows if number != numbers[ref]]
        if changed:
            await self.transaction.execute_many("UPDATE search_document SET resource = ? WHERE id = ?", changed)
            self.changed += len(changed)

    # ------------------------------------------------------------------------------------------------- within

    async def _stored(self, type: str, keys: Sequence[str]) -> dict[str, tuple[int, str, int]]:  # noqa: A002
        """Key → id, hash, generation."""
        if not keys:
            return {}
        database = self._store.database
        rows = await self.transaction.fetch(
            "SELECT key, id, hash, generation FROM search_document"  # noqa: S608
            f" WHERE type = ? AND {database.any_of('key', 'text')}",
            type,
            database.array(keys),
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    async def _groups(self, type: str, generation: int, groups: set[str]) -> set[str]:  # noqa: A002
        """Those of the groups that have documents of this generation."""
        database = self._store.database
        rows = await self.transaction.fetch(
            "SELECT DISTINCT grp FROM search_document"  # noqa: S608
            f" WHERE type = ? AND generation = ? AND {database.any_of('grp', 'text')}",
            type,
            generation,
            database.array(groups),
        )
        return {row[0] for row in rows}

    async def _mark(self, ids: Sequence[int], generation: int) -> None:
        if ids:
            database = self._store.database
            await self.transaction.execute(
                f"UPDATE search_document SET generation = ? WHERE {database.any_of('id', 'bigint')}",  # noqa: S608
                generation,
                database.array(ids),
            )

    async def _insert(self, type: str, entries: Sequence[Entry], generation: int) -> None:  # noqa: A002
        if not entries:
            return
        refs = {entry.resource_ref for entry in entries if entry.number is None and entry.resource_ref is not None}
        numbers = await self._store.visibility().numbers(sorted(refs)) if refs else {}
        rows, words = [], []
        for entry in entries:
            if entry.number is None:
                self._last_id += 1
                id_, resource = self._last_id, numbers.get(entry.resource_ref or "")
            else:
                id_ = resource = entry.number
            rows.append(
                (
                    id_,
                    type,
                    entry.key,
                    entry.group,
                    entry.resource_ref,
                    resource,
                    entry.title,
                    entry.names,
                    entry.title_words,
                    entry.document,
                    entry.hash,
                    generation,
                )
            )
            words.append((id_, entry.title_words, entry.text_words, entry.marks))
        await self.transaction.copy("search_document", _COLUMNS, rows)
        await self._store.words.add(self.transaction, words)
        self.changed += len(rows)

    async def finish(self) -> None:
        """The last statements before the commit."""
        await self.transaction.execute(
            "UPDATE search_state SET version = ?, last_id = ? WHERE id = 1", self.version, self._last_id
        )
        if self.changed:
            await self.transaction.notify(CHANNEL, str(self.version))


class SearchStore:
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
            write = IndexWrite(transaction, self, version + 1, last_id)
            yield write
            if write.changed:
                await write.finish()

    async def version(self) -> int:
        rows = await self.database.read("SELECT version FROM search_state WHERE id = 1")
        return int(rows[0][0])

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

    async def generation(self, transaction: Transaction, type: str) -> int:  # noqa: A002
        rows = await transaction.fetch("SELECT generation FROM search_collator WHERE type = ?", type)
        return int(rows[0][0]) if rows else 0

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
            return await self.generation(write.transaction, type)

    async def end(self, type: str, generation: int, version: str, position: str | None, now: datetime) -> int:  # noqa: A002
        """A collation is complete: what it has not named goes. Gives how many documents did."""
        async with self.write() as write:
            rows = await write.transaction.fetch(
                "SELECT id FROM search_document WHERE type = ? AND generation < ?", type, generation
            )
            await write.drop([row[0] for row in rows])
            await write.transaction.execute(
                # What was asked for meanwhile is another one.
                "UPDATE search_collator SET version = ?, position = ?, collated_at = ?,"  # noqa: S608
                f" requested = CASE requested WHEN {BEGUN} THEN 0 ELSE requested END WHERE type = ?",
                version,
                position,
                _ms(now),
                type,
            )
            return len(rows)

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
            async with self.write() as write:
                found = await write.transaction.fetch("SELECT id FROM search_document WHERE type = ?", one)
                await write.drop([row[0] for row in found])
                await write.transaction.execute("DELETE FROM search_collator WHERE type = ?", one)
        return gone


async def move(write: IndexWrite, type: str, position: str) -> None:  # noqa: A002
    """The follower of a type has come this far, by this transaction."""
    await write.transaction.execute("UPDATE search_collator SET position = ? WHERE type = ?", position, type)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(ms: Any) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(int(ms) / 1000, UTC)
