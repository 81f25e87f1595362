"""Why an entity is as it is, or is not there: for whoever may see it, or may see what failed. Additive."""

from __future__ import annotations

from typing import Any

from app.errors import NotAllowedError
from app.interfaces import Principal
from catalog.interfaces import CatalogControl, EntitiesCatalog
from catalog.permissions.permissions import ENTITY_READ, UNPROCESSED_READ
from catalog.service import audit
from catalog.service.authorized import Gate


class Explainer:
    def __init__(self, gate: Gate, entities: EntitiesCatalog, control: CatalogControl) -> None:
        self._gate = gate
        self._entities = entities
        self._control = control

    async def explain(self, caller: Principal, *, ref: str | None = None, url: str | None = None) -> dict[str, Any]:
        """Everything known about a canonical ref, or about a URL.

        Who may read the entity may read its story. What is not in the catalog, and what a URL brought, is for those
        who may read unprocessed entities: the refusal is the same whether there is anything or not.

        Raises:
            NotAllowedError: the caller may do neither.
        """
        audit.fetched("entity-fetch", caller, queryType="explain", entityRef=ref, url=url)
        if not await self._gate.allows(UNPROCESSED_READ, caller):
            sight = await self._gate.sight(ENTITY_READ, caller)
            if ref is None or sight.denied:
                raise NotAllowedError()
            if (await self._entities.by_refs([ref], visible=sight.query))[0] is None:
                raise NotAllowedError()
        return await self._control.explain(ref=ref, url=url)
