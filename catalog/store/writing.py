"""The one way to write to the catalog: a transaction that hands out numbers, keeps history and tells readers.

Every catalog transaction locks the counter rows first, so writers stand in line instead of meeting half-way: there is
nothing to dead-lock on, numbers are in commit order, and what was read after the lock stays true until the commit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import orjson

from catalog.interfaces import Cause
from catalog.store.bulk import Bulk
from catalog.store.lineage import EDGES_CHANNEL, Lineages

if TYPE_CHECKING:
    from app.interfaces import Clock, Database, Transaction

REVISION_CHANNEL = "catalog_revision"
"""Payload: the number of the newest revision."""
WORK_CHANNEL = "catalog_work"
"""Something is due or queued: the ingest leader should look at once."""

Change = Literal["created", "updated", "deleted"]


class CatalogIndex(Protocol):
    """The reading side's memory, told of each commit of this process."""

    def advance(self, revision: int) -> None: ...


@dataclass(slots=True)
class Numbers:
    """The counters, locked. `taken` says which have moved."""

    values: dict[str, int]
    taken: set[str]

    def take(self, name: str, count: int = 1) -> range:
        """The next `count` numbers of a counter, from 1 up."""
        first = self.values[name] + 1
        self.values[name] += count
        if count:
            self.taken.add(name)
        return range(first, first + count)


def cause_json(cause: Cause) -> str:
    """`{kind, detail?, actor?}`."""
    written: dict[str, Any] = {"kind": cause.kind}
    if cause.detail:
        written["detail"] = dict(cause.detail)
    if cause.actor is not None:
        written["actor"] = cause.actor
    return orjson.dumps(written, default=str).decode()


def cause_of(text: str | None) -> Cause:
    """The inverse of `cause_json`."""
    if not text:
        return Cause("startup")
    found = orjson.loads(text)
    return Cause(found["kind"], found.get("detail", {}), found.get("actor"))


@dataclass(frozen=True, slots=True)
class _Revision:
    entity_id: int
    entity_ref: str
    change: Change
    cause: str
    hash: str | None


class CatalogWrite:
    """An open catalog transaction. `now` is in milliseconds."""

    def __init__(self, tx: Transaction, bulk: Bulk, numbers: Numbers, now: int) -> None:
        self.tx = tx
        self.bulk = bulk
        self.numbers = numbers
        self.now = now
        self.created = 0
        self.deleted = 0
        self._revisions: list[_Revision] = []
        self._work = False
        self._edges = False
        self._after: list[Callable[[], None]] = []

    def record(self, entity_id: int, entity_ref: str, change: Change, cause: str, hash: str | None) -> int:  # noqa: A002
        """Number one change of a final entity. `cause` is JSON. Gives the number."""
        (number,) = self.numbers.take("revision")
        self._revisions.append(_Revision(entity_id, entity_ref, change, cause, hash))
        return number

    @property
    def revision(self) -> int:
        return self.numbers.values["revision"]

    def wake(self) -> None:
        """Tell the ingest leader, once this is committed, that there is work."""
        self._work = True

    def edges_changed(self) -> None:
        """An entity has got or lost a parent."""
        self._edges = True

    def after_commit(self, action: Callable[[], None]) -> None:
        self._after.append(action)

    async def finish(self, index: CatalogIndex | None, lineages: Lineages) -> None:
        """Write what was recorded. The last statements before the commit."""
        tx = self.tx
        if self._revisions:
            first = self.revision - len(self._revisions) + 1
            await tx.copy(
                "catalog_revision",
                ("n", "entity_id", "entity_ref", "change", "cause", "actor", "hash", "at"),
                [
                    (
                        number,
                        one.entity_id,
                        one.entity_ref,
                        one.change,
                        one.cause,
                        _actor(one.cause),
                        one.hash,
                        self.now,
                    )
                    for number, one in enumerate(self._revisions, first)
                ],
            )
        for name in sorted(self.numbers.taken):
            await tx.execute("UPDATE catalog_counter SET value = ? WHERE name = ?", self.numbers.values[name], name)
        if self._revisions:
            revision = self.revision
            if index is not None:
                tx.after_commit(lambda: index.advance(revision))
            await tx.notify(REVISION_CHANNEL, str(revision))
        if self._edges:
            tx.after_commit(lineages.forget)
            await tx.notify(EDGES_CHANNEL)
        if self._work:
            await tx.notify(WORK_CHANNEL)
        for action in self._after:
            tx.after_commit(action)


def _actor(cause: str) -> str | None:
    if '"actor"' not in cause:
        return None
    actor: str | None = orjson.loads(cause).get("actor")
    return actor


class CatalogStore:
    """Opens catalog transactions, and reads outside them."""

    def __init__(self, database: Database, clock: Clock, index: CatalogIndex | None = None) -> None:
        self.database = database
        self.index = index
        self.lineages = Lineages(database)
        self._clock = clock

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._clock.now().timestamp() * 1000)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[CatalogWrite]:
        """One transaction: committed at the end, rolled back by an exception."""
        async with self.database.write() as tx:
            # NO KEY UPDATE: nothing refers to the rows, and it is the weakest lock that excludes other writers.
            lock = " FOR NO KEY UPDATE" if tx.dialect == "postgresql" else ""
            rows = await tx.fetch(f"SELECT name, value FROM catalog_counter ORDER BY name{lock}")  # noqa: S608
            write = CatalogWrite(tx, Bulk(tx, self.database), Numbers(dict(rows), set()), self.now())
            yield write
            await write.finish(self.index, self.lineages)

    async def read_in(
        self, sql: str, column: str, kind: Literal["bigint", "text"], values: Sequence[Any], tail: str = ""
    ) -> list[tuple[Any, ...]]:
        """`sql WHERE column ∈ values tail`, outside any transaction. No statement for no values."""
        if not values:
            return []
        database = self.database
        return await database.read(f"{sql} WHERE {database.any_of(column, kind)}{tail}", database.array(values))
