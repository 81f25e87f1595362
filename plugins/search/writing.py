"""One transaction on the index: documents put and removed, with what they are found by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson

from app.interfaces import Database, Transaction
from catalog.interfaces import EntityVisibility
from plugins.search.entries import Entry
from plugins.search.fulltext import FullText

CHANNEL: Final = "search_index"
"""Notified with the version of the index after each change."""
FIRST_ID: Final = 1 << 31
"""Ids above are counted; those below are the numbers of the entities whose own documents they are."""
TOLD: Final = 1
"""Collations have even generations; what is told of during or after one has the odd one behind it."""
FOLLOWED: Final = 500
"""Documents of one version that readers are told one by one."""
TOLD_OF: Final = 100
"""Versions that readers are told of at least: whoever is further behind looks everything up again."""
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


class IndexWrite:
    """An open transaction on the index."""

    def __init__(
        self,
        transaction: Transaction,
        database: Database,
        words: FullText,
        visibility: Callable[[], EntityVisibility],
        version: int,
        last_id: int,
    ) -> None:
        """`version` and `last_id` are those that it begins with; nobody else has them now."""
        self.transaction = transaction
        self.version = version
        self.changed: set[int] = set()
        """Documents that were written or removed."""
        self.held_s = 0.0
        """Seconds for which nobody else could write; known when it is over."""
        self._database = database
        self._words = words
        self._visibility = visibility
        self._last_id = last_id
        self._characters = 0

    async def put(self, type: str, entries: Sequence[Entry], generation: int | None = None) -> None:  # noqa: A002
        """Add documents, or replace those of the same keys. What is there just so stays untouched.

        `generation` is that of the collation whose part this is: then groups that somebody has told of since it began
        are newer, and stay as they are, or gone. None: somebody tells of a change.
        """
        if generation is None:
            generation = await generation_of(self.transaction, type) + TOLD
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
        database = self._database
        rows = await self.transaction.fetch(
            f"SELECT id, key FROM search_document WHERE type = ? AND {database.any_of('grp', 'text')}",  # noqa: S608
            type,
            database.array(groups),
        )
        kept = set(keep)
        await self.drop([row[0] for row in rows if row[1] not in kept])
        if groups and await self._collating(type):
            # Nothing is left of them that would tell the collation.
            await self.transaction.execute_many(
                "INSERT INTO search_gone (type, grp) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(type, group) for group in sorted(set(groups))],
            )

    async def drop(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        database = self._database
        await self._words.remove(self.transaction, ids)
        await self.transaction.execute(
            f"DELETE FROM search_document WHERE {database.any_of('id', 'bigint')}",  # noqa: S608
            database.array(ids),
        )
        self.changed.update(ids)

    async def move(self, type: str, position: str) -> None:  # noqa: A002
        """The follower of a type has come this far, by this transaction."""
        await self.transaction.execute("UPDATE search_collator SET position = ? WHERE type = ?", position, type)

    async def adopt(self, numbers: Mapping[str, int]) -> None:
        """Entities have come to be: documents that belong to them belong to these numbers."""
        if not numbers:
            return
        database = self._database
        rows = await self.transaction.fetch(
            "SELECT id, resource_ref, resource FROM search_document"  # noqa: S608
            f" WHERE id > {FIRST_ID} AND {database.any_of('resource_ref', 'text')}",
            database.array(numbers),
        )
        changed = [(numbers[ref], id_) for id_, ref, number in rows if number != numbers[ref]]
        if changed:
            await self.transaction.execute_many("UPDATE search_document SET resource = ? WHERE id = ?", changed)
            self.changed.update(id_ for _, id_ in changed)

    # ------------------------------------------------------------------------------------------------- within

    async def _stored(self, type: str, keys: Sequence[str]) -> dict[str, tuple[int, str, int]]:  # noqa: A002
        """Key → id, hash, generation."""
        if not keys:
            return {}
        database = self._database
        rows = await self.transaction.fetch(
            "SELECT key, id, hash, generation FROM search_document"  # noqa: S608
            f" WHERE type = ? AND {database.any_of('key', 'text')}",
            type,
            database.array(keys),
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    async def _groups(self, type: str, generation: int, groups: set[str]) -> set[str]:  # noqa: A002
        """Those of the groups that have documents of this generation, or have been removed during the collation."""
        condition, given = self._database.any_of("grp", "text"), self._database.array(groups)
        rows = await self.transaction.fetch(
            f"SELECT grp FROM search_gone WHERE type = ? AND {condition}"  # noqa: S608
            f" UNION SELECT grp FROM search_document WHERE type = ? AND generation = ? AND {condition}",
            type,
            given,
            type,
            generation,
            given,
        )
        return {row[0] for row in rows}

    async def _collating(self, type: str) -> bool:  # noqa: A002
        rows = await self.transaction.fetch("SELECT ended < generation FROM search_collator WHERE type = ?", type)
        return bool(rows and rows[0][0])

    async def _mark(self, ids: Sequence[int], generation: int) -> None:
        if ids:
            database = self._database
            await self.transaction.execute(
                f"UPDATE search_document SET generation = ? WHERE {database.any_of('id', 'bigint')}",  # noqa: S608
                generation,
                database.array(ids),
            )

    async def _insert(self, type: str, entries: Sequence[Entry], generation: int) -> None:  # noqa: A002
        if not entries:
            return
        refs = {entry.resource_ref for entry in entries if entry.number is None and entry.resource_ref is not None}
        numbers = await self._visibility().numbers(sorted(refs)) if refs else {}
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
        await self._words.add(self.transaction, words)
        self.changed.update(row[0] for row in rows)
        self._characters += sum(len(word) for _, *of_one in words for word in of_one)

    async def finish(self) -> None:
        """The last statements before the commit."""
        await self.transaction.execute(
            "UPDATE search_state SET version = ?, last_id = ? WHERE id = 1", self.version, self._last_id
        )
        ids = orjson.dumps(sorted(self.changed)).decode() if len(self.changed) <= FOLLOWED else None
        await self.transaction.execute(
            "INSERT INTO search_change (version, ids, characters) VALUES (?, ?, ?)",
            self.version,
            ids,
            self._characters,
        )
        if self.version % TOLD_OF == 0:
            await self.transaction.execute("DELETE FROM search_change WHERE version <= ?", self.version - TOLD_OF)
        await self.transaction.notify(CHANNEL, str(self.version))


async def generation_of(transaction: Transaction, type: str) -> int:  # noqa: A002
    """That of the type's latest collation; 0 before the first."""
    rows = await transaction.fetch("SELECT generation FROM search_collator WHERE type = ?", type)
    return int(rows[0][0]) if rows else 0
