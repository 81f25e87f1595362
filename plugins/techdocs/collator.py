"""Pages of sites, for the search: one document a section. Source: spec/ui-backends.md §6."""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import CallboardError
from app.interfaces import SearchChange, SearchCollator, SearchDocument, SearchIndex
from catalog.interfaces import EntitiesCatalog
from catalog.model.refs import ref_of
from plugins.techdocs.interfaces import Publisher, Site
from plugins.techdocs.readers import READ
from plugins.techdocs.references import REF, Entity, ref_of_entity, site_of
from plugins.techdocs.settings import CollatorSettings

log = logging.getLogger(__name__)
INDEX: Final = "search/search_index.json"
MAX_INDEX: Final = 50 * 1024 * 1024
TYPE: Final = "techdocs"


class TechdocsCollator(SearchCollator):
    """Reads what mkdocs has indexed, of each entity that has documentation."""

    type = TYPE
    visibility = READ

    def __init__(
        self,
        settings: CollatorSettings,
        catalog: Callable[[], EntitiesCatalog],
        publisher: Callable[[], Publisher],
        *,
        keep_case: bool = False,
    ) -> None:
        self._settings, self._catalog, self._publisher = settings, catalog, publisher
        self._keep_case = keep_case
        self.frequency, self.timeout = settings.schedule.frequency, settings.schedule.timeout
        self.version = orjson.dumps([1, settings.location_template, keep_case]).decode()

    async def collate(self) -> AsyncIterator[Sequence[SearchDocument]]:
        query = {f"metadata.annotations.{REF}": {"$exists": True}}
        async for documents in self._catalog().everything(query, None):
            entities = [orjson.loads(document) for document in documents]
            for start in range(0, len(entities), self._settings.parallelism_limit):
                some = entities[start : start + self._settings.parallelism_limit]
                yield [one for found in await asyncio.gather(*map(self.documents, some)) for one in found]

    async def documents(self, entity: Entity) -> list[SearchDocument]:
        """Of one entity; none where there is no site, or none that can be read."""
        try:
            site = site_of(ref_of_entity(entity), keep_case=self._keep_case)
            content = await self._publisher().read(site, INDEX, max_bytes=MAX_INDEX)
            sections = (await asyncio.to_thread(orjson.loads, content))["docs"]
            return [self._document(entity, site, section) for section in sections if isinstance(section, Mapping)]
        except (CallboardError, ValueError, KeyError, TypeError) as error:
            log.debug("The documentation of %s cannot be searched: %s", ref_of(entity), error)
            return []

    def _document(self, entity: Entity, site: Site, section: Mapping[str, Any]) -> SearchDocument:
        metadata, spec = entity["metadata"], entity.get("spec") or {}
        ref, path = ref_of(entity), str(section.get("location", ""))
        kind = str(spec.get("type") or "other")
        return SearchDocument(
            key=f"{ref}#{path}",
            group=ref,
            title=html.unescape(str(section.get("title", ""))),
            text=html.unescape(str(section.get("text") or "")),
            location=_location(self._settings.location_template, site, path),
            fields={
                **site._asdict(),
                "path": path,
                "annotations": metadata.get("annotations") or {},
                "componentType": kind,
                "type": kind,
                "lifecycle": spec.get("lifecycle") or "",
                "owner": _owner(entity),
                **({"entityTitle": metadata["title"]} if metadata.get("title") else {}),
            },
            resource_ref=ref,
        )


def _location(template: str, site: Site, path: str) -> str:
    for key, value in (*site._asdict().items(), ("path", path)):
        template = template.replace(f":{key}", value, 1)
    return template


def _owner(entity: Entity) -> str:
    """The name of the entity's owner, as its relation has it."""
    for relation in entity.get("relations") or ():
        if relation.get("type") == "ownedBy":
            return str(relation["targetRef"]).rpartition("/")[2]
    return ""


class Announcer:
    """Tells the search of a site that has just been built here."""

    def __init__(self, collator: TechdocsCollator, index: Callable[[], SearchIndex]) -> None:
        self._collator, self._index = collator, index

    async def __call__(self, entity: Entity) -> None:
        try:
            index = self._index()
        except LookupError:
            return  # No search in this deployment.
        documents = await self._collator.documents(entity)
        await index.update(TYPE, SearchChange(put=documents, removed=[ref_of(entity)]))
