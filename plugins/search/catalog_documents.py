"""The catalog's entities as documents, fed from its revisions. Source: spec/ui-backends.md §6."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from app.errors import InputError
from app.interfaces import Permission, SearchChange, SearchCollator, SearchDocument, SearchPositionLostError
from catalog.interfaces import EntityVisibility, Query, RevisionFeed, RevisionsLostError, StoredEntity
from plugins.search.settings import CatalogCollatorSettings

TYPE: Final = "software-catalog"
PATIENCE_S: Final = 10.0
"""While the catalog is filled, the index may lag behind it by so many seconds: the catalog is full the sooner."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*\Z")
"""What stays the same when it is quoted."""
READ: Final = Permission("catalog.entity.read", "read", "catalog-entity")


@dataclass(frozen=True, slots=True)
class EntityDocument(SearchDocument):
    """The document of an entity itself, which has the entity's number."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class EntityChanges(SearchChange):
    """`created`: entities that are there now, by ref, and perhaps were not before. What belongs to them takes their
    numbers."""

    created: Mapping[str, int] | None = None


class CatalogCollator(SearchCollator):
    type = TYPE
    visibility = READ

    def __init__(
        self,
        settings: CatalogCollatorSettings,
        feed: Callable[[], RevisionFeed],
        entities: Callable[[], EntityVisibility],
    ) -> None:
        """Ports are looked up when they are needed: the catalog may register later."""
        self._settings = settings
        self._feed = feed
        self._entities = entities
        self._query = query_of(settings.filter)
        self.timeout = settings.schedule.timeout
        self.version = orjson.dumps([1, settings.location_template, settings.filter]).decode()

    async def position(self) -> str:
        return str(await self._feed().newest())

    async def collate(self) -> AsyncIterator[Sequence[SearchDocument]]:
        async for entities in self._feed().everything(batch=self._settings.batch_size):
            yield await self._documents(entities, await self._feed().newest())

    async def changes(self, after: str) -> AsyncIterator[SearchChange]:
        feed = self._feed()
        try:
            async for changes in feed.follow(int(after), limit=self._settings.batch_size, patience=PATIENCE_S):
                refs = dict.fromkeys(change.entity_ref for change in changes)
                entities = await feed.entities(list(refs))
                created = {change.entity_ref for change in changes if change.change == "created"}
                yield EntityChanges(
                    put=await self._documents(entities, await feed.newest()),
                    # All of them: one that the filter lets through no more goes as one that is gone does.
                    removed=list(refs),
                    position=str(changes[-1].revision),
                    created={one.entity_ref: one.number for one in entities if one.entity_ref in created},
                )
        except RevisionsLostError as error:
            raise SearchPositionLostError(str(error)) from error

    async def _documents(self, entities: Sequence[StoredEntity], revision: int) -> list[SearchDocument]:
        """Of those that the filter lets through, by what they are at this revision, which is not before they were
        read: another process may have written them."""
        wanted = None if self._query is None else await self._entities().matching(self._query, revision=revision)
        template = self._settings.location_template
        return [
            document_of(stored, orjson.loads(stored.document), template)
            for stored in entities
            if wanted is None or stored.number in wanted
        ]


def query_of(filters: Any) -> Query | None:
    """The catalog client's filter as a predicate: members of an object are and-ed, objects of a list or-ed, values of
    a list alternatives. None for no filter. Raises InputError for what is none."""
    if filters is None:
        return None
    alternatives = filters if isinstance(filters, list) else [filters]
    if not all(isinstance(one, Mapping) for one in alternatives):
        raise InputError("search.collators.catalog.filter must be an object, or a list of objects")
    return {"$any": [{"$all": [{key: _values(value)} for key, value in one.items()]} for one in alternatives]}


def _values(value: Any) -> Any:
    return {"$in": value} if isinstance(value, list) else value


def document_of(stored: StoredEntity, entity: Mapping[str, Any], template: str) -> EntityDocument:
    """What Backstage's catalog collator makes of an entity."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    namespace = metadata.get("namespace") or "default"
    kind = _text(spec.get("type")) or "other"
    return EntityDocument(
        key=stored.entity_ref,
        title=metadata["name"] if metadata.get("title") is None else metadata["title"],
        text=_described(entity["kind"], metadata, spec),
        location=_location(template, namespace, entity["kind"], metadata["name"]),
        fields={
            "componentType": kind,
            "type": kind,
            "namespace": namespace,
            "kind": entity["kind"],
            "lifecycle": spec.get("lifecycle") or "",
            "owner": spec.get("owner") or "",
        },
        resource_ref=stored.entity_ref,
        names=(metadata["name"],),
        number=stored.number,
    )


def _described(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    profile = spec.get("profile")
    parts = [metadata.get("description")]
    if isinstance(profile, Mapping) and kind.lower() in ("user", "group"):
        parts.append(profile.get("displayName"))
        if kind.lower() == "user":
            parts.append(profile.get("email"))
    return " : ".join(str(part) for part in parts if part)


def _location(template: str, namespace: str, kind: str, name: str) -> str:
    """`:namespace`, `:kind` and `:name`, once each, as the reference fills them in."""
    for key, value in (("namespace", namespace), ("kind", kind), ("name", name)):
        template = template.replace(f":{key}", value if _PLAIN.match(value) else quote(value, safe="!*'()"), 1)
    return template.lower()


def _text(value: Any) -> str:
    """JavaScript's `value?.toString()`, as far as values make sense as types."""
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
