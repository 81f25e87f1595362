"""What a caller may not see is not named by what they do see.

An entity's relations name others. The reference leaves them as they are, so that its frontend lists what is hidden
among relations to nothing. Here the relations to hidden entities are left out, for callers from whom something is
hidden; a relation to what does not exist stays. What an entity's own `spec` says is its author's word, and stays too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from catalog.interfaces import EntitiesCatalog, FacetValue, Query
from catalog.json_numbers import dumps

_RELATIONS: Final = b'"targetRef"'
_FACET: Final = "relations."


class Discretion:
    def __init__(self, entities: EntitiesCatalog) -> None:
        self._entities = entities

    async def hidden(self, refs: Iterable[str], visible: Query) -> set[str]:
        """Those of the refs whose entity exists and is not visible."""
        asked = list(dict.fromkeys(refs))
        unseen = set(asked) - await self._entities.matching(asked, visible) if asked else set()
        return await self._entities.matching(list(unseen), {}) if unseen else set()

    async def documents(self, documents: Sequence[bytes | None], visible: Query) -> list[bytes | None]:
        """The documents without relations to what is hidden; those that have none stay the bytes they are."""
        parsed: list[dict[str, Any] | None] = [
            orjson.loads(one) if one is not None and _RELATIONS in one else None for one in documents
        ]
        hidden = await self.hidden((target for one in parsed for target in _targets(one)), visible)
        if not hidden:
            return list(documents)
        return [
            document if one is None or hidden.isdisjoint(_targets(one)) else _without(one, hidden)
            for document, one in zip(documents, parsed, strict=True)
        ]

    async def present(self, documents: Sequence[bytes], visible: Query) -> list[bytes]:
        """The same, where none is missing."""
        return [one for one in await self.documents(documents, visible) if one is not None]

    async def facets(
        self, facets: Mapping[str, Sequence[FacetValue]], visible: Query
    ) -> Mapping[str, Sequence[FacetValue]]:
        """Facets of relations without the values that name what is hidden."""
        named = [value.value for facet, values in facets.items() if _is_relation(facet) for value in values]
        hidden = await self.hidden(named, visible)
        if not hidden:
            return facets
        return {
            facet: [value for value in values if value.value not in hidden] if _is_relation(facet) else values
            for facet, values in facets.items()
        }


def _is_relation(facet: str) -> bool:
    return facet.lower().startswith(_FACET)


def _targets(entity: Mapping[str, Any] | None) -> list[str]:
    relations = entity.get("relations") if entity is not None else None
    if not isinstance(relations, list):
        return []
    return [target for one in relations if isinstance(target := one.get("targetRef"), str)]


def _without(entity: dict[str, Any], hidden: set[str]) -> bytes:
    relations = [one for one in entity["relations"] if one.get("targetRef") not in hidden]
    return dumps({**entity, "relations": relations})
