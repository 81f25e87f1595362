"""Entities as a caller may read them, and whose documentation they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from app.interfaces import Permission, Permissions, Principal
from catalog.interfaces import EntitiesCatalog
from catalog.model.refs import EntityRef
from plugins.techdocs.interfaces import Site
from plugins.techdocs.references import Entity, forwarded_to, ref_of_entity, site_of

READ: Final = Permission("catalog.entity.read", "read", "catalog-entity")


class Docs(NamedTuple):
    """The entity that documentation is about, and where its site is kept."""

    entity: Entity
    site: Site


class DocsReader:
    """The port is looked up when first used: the catalog may register after us."""

    def __init__(
        self,
        catalog: Callable[[], EntitiesCatalog],
        permissions: Permissions,
        *,
        keep_case: bool = False,
    ) -> None:
        self._catalog, self._permissions = catalog, permissions
        self.keep_case = keep_case

    async def entity(self, ref: EntityRef, caller: Principal) -> Entity | None:
        """None where there is none, for them."""
        text = str(ref)
        (document,) = await self._catalog().by_refs([text])
        if document is None or not await self.may_read(ref, caller):
            return None
        found: Mapping[str, Any] = orjson.loads(document)
        return found

    async def may_read(self, ref: EntityRef, caller: Principal) -> bool:
        return await self._permissions.check(READ, caller, plugin="catalog", resource_ref=str(ref))

    async def docs_of(self, entity: Entity, caller: Principal) -> Docs | None:
        """The entity's own documentation, or that of the entity it names as its stand-in, one step and no further.

        None: the other entity is not there, for them. Raises InputError for an annotation that cannot be read.
        """
        other = forwarded_to(entity)
        if other is not None:
            found = await self.entity(other, caller)
            if found is None:
                return None
            entity = found
        return Docs(entity, site_of(ref_of_entity(entity), keep_case=self.keep_case))
