"""Reads of final entities."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from catalog.interfaces.basics import Query


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    direction: Literal["asc", "desc"] = "asc"


@dataclass(frozen=True, slots=True)
class FullText:
    """Lower-cased substring of any of the fields' values; fields None = the sort field, else `metadata.uid`.
    Source: §2.5."""

    term: str
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A `by-query` request. Either `cursor` (opaque text of an earlier answer) or the rest. Source: §2.5."""

    limit: int
    cursor: str | None = None
    query: Query | None = None
    order: tuple[Order, ...] = ()
    full_text: FullText | None = None
    offset: int = 0
    total: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """`items` are entities as wire-ready JSON bytes, never parsed on the way."""

    items: Sequence[bytes]
    total: int
    next_cursor: str | None = None
    prev_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


class EntitiesCatalog(Protocol):
    """Reads of final entities. `visible` is an additional predicate (a permission's conditions): what it does not
    match does not exist.

    Every method sees at least every revision committed by this process before the call.
    """

    async def revision(self) -> int:
        """The number of the newest change; equal numbers mean equal answers."""

    async def page(self, request: PageRequest, *, visible: Query | None = None) -> Page:
        """Raises InputError for a malformed cursor or query."""

    async def listing(
        self,
        query: Query | None,
        order: Sequence[Order],
        *,
        limit: int | None,
        offset: int = 0,
        visible: Query | None = None,
    ) -> tuple[Sequence[bytes], bool]:
        """`GET /entities` in paged mode: documents, and whether more follow. Source: §1.3 (nulls last, ref order)."""

    def everything(
        self, query: Query | None, order: Order | None, *, visible: Query | None = None
    ) -> AsyncIterator[Sequence[bytes]]:
        """`GET /entities` in unpaged mode, in batches. With an order, entities lacking the field are left out."""

    async def count(self, query: Query | None, *, visible: Query | None = None) -> int: ...

    async def facets(
        self, facets: Sequence[str], query: Query | None, *, visible: Query | None = None
    ) -> dict[str, list[FacetValue]]: ...

    async def by_refs(
        self, refs: Sequence[str], query: Query | None = None, *, visible: Query | None = None
    ) -> list[bytes | None]:
        """Exact canonical refs, in order, duplicates repeated, None where there is none."""

    async def by_uid(self, uid: str, *, visible: Query | None = None) -> bytes | None: ...

    async def matching(self, refs: Sequence[str], query: Query) -> set[str]:
        """Those of the refs whose entity matches."""
