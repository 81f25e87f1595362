"""The catalog's changes in order, and who may see which entities."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pyroaring import BitMap

    from catalog.interfaces.basics import Json, Query
    from catalog.interfaces.passes import Cause


@dataclass(frozen=True, slots=True)
class EntityChange:
    """Change number `revision` of the catalog. `number` is the entity's own, as long as it exists; `at` in ms, UTC."""

    revision: int
    number: int
    entity_ref: str
    change: Literal["created", "updated", "deleted"]
    cause: Cause
    at: int


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """A final entity as it is now: its number, and its wire-ready JSON."""

    number: int
    entity_ref: str
    document: bytes


class RevisionsLostError(Exception):
    """The revisions after a number are not there: forgotten, or the database was put back to an earlier state.

    Whoever follows has to look at everything again.
    """


class EntityVisibility(Protocol):
    """Which entities somebody may see, for features that show what belongs to entities: by number, as sets.

    Sets cost next to nothing when they are asked for again. Change nothing in them.
    """

    async def allowed(self, conditions: Mapping[str, Json]) -> BitMap:
        """The numbers of all entities that fulfil the conditions of a CONDITIONAL decision about entities.

        Raises InputError for conditions that are not about entities.
        """

    async def matching(self, query: Query, *, revision: int = 0) -> BitMap:
        """The numbers of all entities that match, as of this revision or a later one. Raises InputError."""

    async def numbers(self, refs: Sequence[str]) -> dict[str, int]:
        """The numbers of those refs that exist, past all caches."""


class RevisionFeed(Protocol):
    """The catalog's changes in order, without gaps, from whichever process they come.

    A follower keeps the last revision it has worked off, in the same transaction as what it made of it, and goes on
    from there after a restart. Entities are read apart from the changes, past all caches: they may be newer than the
    change that led to them, never older.
    """

    async def newest(self) -> int:
        """The number of the newest change, 0 before the first."""

    async def after(self, revision: int, *, limit: int = 500) -> Sequence[EntityChange]:
        """At most `limit` changes after a revision, oldest first; none when there is nothing new.

        Raises RevisionsLostError.
        """

    def follow(
        self, revision: int, *, limit: int = 500, patience: float = 0.0
    ) -> AsyncIterator[Sequence[EntityChange]]:
        """The same for ever, in batches: it waits while there is nothing new, and is woken by commits.

        `patience`: so many seconds the follower had rather wait while this process brings very many entities in: that
        goes faster when less goes on beside it, and what changes again and again is told of once.
        """

    async def entities(self, refs: Sequence[str]) -> list[StoredEntity]:
        """Those of the entities that exist, in no order."""

    def everything(self, *, batch: int = 500) -> AsyncIterator[Sequence[StoredEntity]]:
        """All entities by number, in batches. No snapshot: take `newest` before it and follow from there after it."""
