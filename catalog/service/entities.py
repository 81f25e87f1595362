"""Reads of entities, as a caller may see them. Source: spec/catalog.md §1.3, §7.5.

Where nothing may be seen, lists are empty and single entities are not found: nobody learns from an answer what there
is. Only ancestry refuses outright, as the reference does. See `discretion` for what is hidden in part.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.errors import NotAllowedError, NotFoundError
from catalog.interfaces import CatalogControl, EntitiesCatalog, FacetValue, Order, Page, PageRequest, Query
from catalog.model.refs import canonical
from catalog.service.authorized import Sight
from catalog.service.discretion import Discretion


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An entity of an ancestry as wire-ready JSON, and the refs of those whose processing emitted it."""

    document: bytes
    parents: Sequence[str]


class AuthorizedEntities:
    def __init__(self, entities: EntitiesCatalog, control: CatalogControl) -> None:
        self._entities = entities
        self._control = control
        self._discretion = Discretion(entities)

    async def page(self, request: PageRequest, sight: Sight) -> Page:
        if sight.denied:
            return Page((), 0)
        page = await self._entities.page(request, visible=sight.query)
        if sight.query is None:
            return page
        return replace(page, items=await self._discretion.present(page.items, sight.query))

    async def listing(
        self, query: Query | None, order: Sequence[Order], limit: int | None, offset: int, sight: Sight
    ) -> tuple[Sequence[bytes], bool]:
        """A page of `GET /entities`, and whether more follow."""
        if sight.denied:
            return (), False
        found, more = await self._entities.listing(query, order, limit=limit, offset=offset, visible=sight.query)
        return (found if sight.query is None else await self._discretion.present(found, sight.query)), more

    async def everything(
        self, query: Query | None, order: Order | None, sight: Sight
    ) -> AsyncIterator[Sequence[bytes]]:
        if not sight.denied:
            async for batch in self._entities.everything(query, order, visible=sight.query):
                yield batch if sight.query is None else await self._discretion.present(batch, sight.query)

    async def facets(
        self, facets: Sequence[str], query: Query | None, sight: Sight
    ) -> Mapping[str, Sequence[FacetValue]]:
        if sight.denied:
            return {facet: [] for facet in facets}
        found = await self._entities.facets(facets, query, visible=sight.query)
        return found if sight.query is None else await self._discretion.facets(found, sight.query)

    async def by_refs(self, refs: Sequence[str], query: Query | None, sight: Sight) -> Sequence[bytes | None]:
        if sight.denied:
            return [None] * len(refs)
        found = await self._entities.by_refs(refs, query, visible=sight.query)
        return found if sight.query is None else await self._discretion.documents(found, sight.query)

    async def by_name(self, kind: str, namespace: str, name: str, sight: Sight) -> bytes:
        """Raises NotFoundError, in the words in which the name was asked for."""
        if not sight.denied:
            found = (await self.by_refs([canonical(kind, namespace, name)], None, sight))[0]
            if found is not None:
                return found
        raise NotFoundError(f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'")

    async def by_uid(self, uid: str, sight: Sight) -> bytes:
        """Raises NotFoundError."""
        found = None if sight.denied else await self._entities.by_uid(uid, visible=sight.query)
        if found is None:
            raise NotFoundError(f"No entity with uid {uid}")
        return found if sight.query is None else (await self._discretion.present([found], sight.query))[0]

    async def ancestry(self, ref: str, sight: Sight) -> Sequence[Ancestor]:
        """The entity itself, then all whose processing led to it, depth first from a stack.

        What the caller may not see is left out together with everything above it.

        Raises:
            NotAllowedError: the entity may not be seen; so too where a condition decides and there is none.
            NotFoundError: there is none.
        """
        if sight.denied:
            raise NotAllowedError()
        root = (await self._entities.by_refs([ref], visible=sight.query))[0]
        if root is None:
            raise NotFoundError(f"No such entity {ref}") if sight.query is None else NotAllowedError()
        parents = await self._control.lineage(ref)
        refs = list(parents)
        documents = dict(zip(refs, await self._entities.by_refs(refs), strict=True)) | {ref: root}
        order = _stacked(
            ref, {child: [p for p in above if documents[p] is not None] for child, above in parents.items()}
        )
        hidden: set[str] = set()
        if sight.query is not None:
            seen = await self._entities.matching(list(order), sight.query)
            hidden = _above((one for one in order if one not in seen), order)
            kept = [one for one in order if one not in hidden]
            documents |= dict(
                zip(kept, await self._discretion.documents([documents[one] for one in kept], sight.query), strict=True)
            )
        return [
            Ancestor(document, above)
            for one, above in order.items()
            if one not in hidden and (document := documents[one]) is not None
        ]


def _stacked(ref: str, parents: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Refs with their parents in the reference's order: what was put on the stack last comes first."""
    order: dict[str, Sequence[str]] = {}
    stack, seen = [ref], {ref}
    while stack:
        current = stack.pop()
        order[current] = parents[current]
        for above in parents[current]:
            if above not in seen:
                seen.add(above)
                stack.append(above)
    return order


def _above(refs: Iterable[str], parents: Mapping[str, Sequence[str]]) -> set[str]:
    """The refs and everything above them."""
    found: set[str] = set()
    todo = list(refs)
    while todo:
        current = todo.pop()
        if current not in found:
            found.add(current)
            todo += parents[current]
    return found
