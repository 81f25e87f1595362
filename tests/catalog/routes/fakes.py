"""The catalog's ports in memory, by the plainest means: a list of entities and a predicate for each question."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

import orjson

from app.errors import ConflictError, InputError, NotFoundError
from app.interfaces import Principal
from catalog.interfaces import (
    Cause,
    Entity,
    FacetValue,
    LocationSpec,
    MutationResult,
    Order,
    Page,
    PageRequest,
    ProcessingResult,
    Query,
    RegisteredLocation,
)
from catalog.model.locations import location_entity_name
from catalog.model.refs import ref_of
from catalog.query.predicates import AllOf, AnyOf, HasKey, HasPrefix, HasValue, Predicate, parse_query
from catalog.stitching.terms import Term, terms_of

NAMES = UUID("6a39fd2e-9ab7-4bd1-8a0f-3b2f7f3a9f0c")


def an_entity(ref: str, *relations: tuple[str, str], **spec: Any) -> Entity:
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name, "uid": str(uuid5(NAMES, ref.lower())), "annotations": {}},
        "spec": spec,
        "relations": [{"type": kind, "targetRef": target} for kind, target in relations],
    }


def holds(predicate: Predicate, terms: Sequence[Term]) -> bool:
    if isinstance(predicate, HasKey):
        return any(term.key == predicate.key for term in terms)
    if isinstance(predicate, HasValue):
        return any(term.key == predicate.key and term.value in predicate.values for term in terms)
    if isinstance(predicate, HasPrefix):
        return any(
            term.key == predicate.key and term.value is not None and term.value.startswith(predicate.prefix)
            for term in terms
        )
    if isinstance(predicate, AllOf):
        return all(holds(part, terms) for part in predicate.parts)
    if isinstance(predicate, AnyOf):
        return any(holds(part, terms) for part in predicate.parts)
    return not holds(predicate.part, terms)


class MemoryEntities:
    """`EntitiesCatalog` over a list. Cursors are offsets."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self.held = {ref_of(entity): entity for entity in entities}
        self.number = 1

    def _matching(self, *queries: Query | None) -> list[Entity]:
        predicates = [parse_query(query) for query in queries if query is not None]
        return [
            entity
            for _, entity in sorted(self.held.items())
            if all(holds(predicate, terms_of(entity)) for predicate in predicates)
        ]

    @staticmethod
    def _bytes(entities: Iterable[Entity]) -> list[bytes]:
        return [orjson.dumps(entity) for entity in entities]

    async def revision(self) -> int:
        return self.number

    async def page(self, request: PageRequest, *, visible: Query | None = None) -> Page:
        query, start = request.query, request.offset
        if request.cursor is not None:
            try:
                wire = orjson.loads(b64decode(request.cursor))
                start, query = wire["start"], wire.get("query")
            except (ValueError, KeyError) as error:
                raise InputError(f"Malformed cursor: {error}") from None
        found = self._matching(query, visible)
        items = found[start : start + request.limit]
        end = start + request.limit
        following = orjson.dumps({"start": end} | ({} if query is None else {"query": query}))
        more = b64encode(following).decode() if end < len(found) and items else None
        return Page(self._bytes(items), len(found) if request.total else 0, more)

    async def listing(
        self,
        query: Query | None,
        order: Sequence[Order],
        *,
        limit: int | None,
        offset: int = 0,
        visible: Query | None = None,
    ) -> tuple[Sequence[bytes], bool]:
        found = self._matching(query, visible)
        end = len(found) if limit is None else offset + limit
        return self._bytes(found[offset:end]), end < len(found)

    async def everything(
        self, query: Query | None, order: Order | None, *, visible: Query | None = None
    ) -> AsyncIterator[Sequence[bytes]]:
        found = self._bytes(self._matching(query, visible))
        for start in range(0, len(found), 2):
            yield found[start : start + 2]

    async def count(self, query: Query | None, *, visible: Query | None = None) -> int:
        return len(self._matching(query, visible))

    async def facets(
        self, facets: Sequence[str], query: Query | None, *, visible: Query | None = None
    ) -> dict[str, list[FacetValue]]:
        found = [terms_of(entity) for entity in self._matching(query, visible)]
        return {
            facet: [
                FacetValue(value, count)
                for value, count in sorted(
                    Counter(
                        term.original
                        for terms in found
                        for term in terms
                        if term.key == facet.lower() and term.original is not None
                    ).items()
                )
            ]
            for facet in facets
        }

    async def by_refs(
        self, refs: Sequence[str], query: Query | None = None, *, visible: Query | None = None
    ) -> list[bytes | None]:
        seen = {ref_of(entity): orjson.dumps(entity) for entity in self._matching(query, visible)}
        return [seen.get(ref) for ref in refs]

    async def by_uid(self, uid: str, *, visible: Query | None = None) -> bytes | None:
        found = self._bytes(self._matching({"metadata.uid": uid}, visible))
        return found[0] if found else None

    async def matching(self, refs: Sequence[str], query: Query) -> set[str]:
        return {ref_of(entity) for entity in self._matching(query)} & set(refs)


class MemoryLocations:
    """`Locations` over a list."""

    def __init__(self) -> None:
        self.rows: dict[str, RegisteredLocation] = {}

    async def create(
        self, spec: LocationSpec, *, on_conflict: Literal["refresh", "reject"] | None, actor: Principal
    ) -> RegisteredLocation:
        existing = await self.find(type=spec.type, target=spec.target)
        if existing is not None and on_conflict != "refresh":
            raise ConflictError(f"Location {spec} already exists")
        if existing is not None:
            return existing
        ref = f"location:default/{location_entity_name(spec.type, spec.target)}"
        row = RegisteredLocation(str(uuid5(NAMES, str(spec))), spec.type, spec.target, ref)
        self.rows[row.id] = row
        return row

    async def dry_run(self, spec: LocationSpec) -> tuple[bool, RegisteredLocation, list[Entity]]:
        row = RegisteredLocation(str(spec), spec.type, spec.target, "location:default/generated-x")
        return await self.find(type=spec.type, target=spec.target) is not None, row, [an_entity("Location:default/x")]

    async def list(self) -> list[RegisteredLocation]:
        return list(self.rows.values())

    async def get(self, location_id: str) -> RegisteredLocation:
        if location_id not in self.rows:
            raise NotFoundError(f"Found no location with ID {location_id}")
        return self.rows[location_id]

    async def by_entity(self, entity: Entity) -> RegisteredLocation:
        origin = entity["metadata"]["annotations"].get("backstage.io/managed-by-origin-location", ":")
        kind, _, target = origin.partition(":")
        found = await self.find(type=kind, target=target)
        if found is None:
            raise NotFoundError(f"Found no location with type {kind} and target {target}")
        return found

    async def find(self, *, type: str, target: str) -> RegisteredLocation | None:  # noqa: A002
        return next((row for row in self.rows.values() if (row.type, row.target) == (type, target)), None)

    async def update(self, location_id: str, spec: LocationSpec, *, actor: Principal) -> RegisteredLocation:
        row = await self.get(location_id)
        self.rows[row.id] = RegisteredLocation(row.id, spec.type, spec.target, row.entity_ref)
        return self.rows[row.id]

    async def delete(self, location_id: str, *, actor: Principal) -> None:
        await self.get(location_id)
        del self.rows[location_id]


class MemoryControl:
    """`CatalogControl` that notes what it is asked to do."""

    def __init__(self, entities: MemoryEntities) -> None:
        self._entities = entities
        self.parents_of: dict[str, list[str]] = {}
        self.refreshed: list[str] = []
        self.causes: list[Cause] = []
        self.processed: list[Entity] = []
        self.errors: list[Exception] = []
        self.stories: dict[str, Any] = {}
        self.waiting: list[dict[str, Any]] = []

    async def refresh(self, entity_ref: str, *, cause: Cause) -> None:
        if entity_ref not in self._entities.held:
            raise NotFoundError(f"Entity {entity_ref} not found")
        self.refreshed.append(entity_ref)
        self.causes.append(cause)

    async def refresh_by_keys(self, keys: Iterable[str], *, cause: Cause) -> int:
        return 0

    async def delete_by_uid(self, uid: str, *, cause: Cause) -> None:
        self._entities.held = {
            ref: entity for ref, entity in self._entities.held.items() if entity["metadata"]["uid"] != uid
        }
        self._entities.number += 1
        self.causes.append(cause)

    async def process(self, entity: Entity, location: LocationSpec) -> ProcessingResult:
        self.processed.append(entity)
        return ProcessingResult(None if self.errors else entity, (), (), self.errors)

    async def lineage(self, ref: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        todo = [ref]
        while todo:
            one = todo.pop()
            if one not in found:
                found[one] = list(self.parents_of.get(one, ()))
                todo += found[one]
        return found

    async def unprocessed(self, state: Literal["failed", "pending"], owner: str | None) -> list[dict[str, Any]]:
        return [{"entity_ref": f"component:default/{state}", "owner": owner}]

    async def delete_unprocessed(self, entity_id: str, *, cause: Cause) -> None:
        self.causes.append(cause)

    async def explain(self, *, ref: str | None = None, url: str | None = None) -> dict[str, Any]:
        return dict(self.stories[ref or url or ""])

    async def held_mutations(self) -> list[dict[str, Any]]:
        return self.waiting

    async def release_mutation(self, mutation_id: str, *, actor: Principal) -> MutationResult:
        if not self.waiting:
            raise NotFoundError(f"No held mutation {mutation_id}")
        self.waiting.clear()
        return MutationResult(removed=30)

    async def discard_mutation(self, mutation_id: str, *, actor: Principal) -> None:
        self.waiting.clear()

    async def settled(self, *, timeout: timedelta) -> bool:
        return True
