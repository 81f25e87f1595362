"""Which documents somebody may see: by type, and within a type by whom a document belongs to.

A conditional decision about entities is a set of entity numbers, which the catalog has at hand. An entity's own
document has its entity's number, so to filter those is one operation on two sets, however many there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from app.interfaces import Decision, Permission, PermissionQuery, Permissions, Principal, SearchCollator
from catalog.interfaces import EntityVisibility
from plugins.search.catalog_documents import TYPE
from plugins.search.writing import FIRST_ID

PLUGIN: Final = "search"
ENTITY: Final = "catalog-entity"
_LAST: Final = 1 << 32

Belonging = tuple[str, str | None, int | None]
"""Type, resource ref and entity number of a document that is not an entity's own."""


@dataclass(frozen=True, slots=True)
class Sight:
    """`types` may be seen at all; those in `conditions` only as far as the conditions of their permission go."""

    types: tuple[str, ...]
    conditions: Mapping[str, tuple[Permission, Decision]]
    caller: Principal


class Gate:
    def __init__(
        self,
        permissions: Permissions,
        visibility: Callable[[], EntityVisibility],
        collators: Mapping[str, SearchCollator],
    ) -> None:
        self._permissions = permissions
        self._visibility = visibility
        self._collators = collators

    async def sight(self, types: Sequence[str], caller: Principal) -> Sight:
        """One decision for each permission, whatever the number of types."""
        decisions: dict[Permission, Decision] = {}
        seen: list[str] = []
        conditions: dict[str, tuple[Permission, Decision]] = {}
        for type_ in types:
            permission = self._collators[type_].visibility
            if permission is None:
                seen.append(type_)
                continue
            if permission not in decisions:
                decisions[permission] = await self._permissions.decide(permission, caller, plugin=PLUGIN)
            decision = decisions[permission]
            if decision.result != "DENY":
                seen.append(type_)
            if decision.result == "CONDITIONAL":
                conditions[type_] = (permission, decision)
        return Sight(tuple(seen), conditions, caller)

    async def visible(
        self, ids: BitMap, sight: Sight, belongings: Callable[[], Awaitable[Mapping[int, Belonging]]]
    ) -> BitMap:
        """Those of the documents, all of types in sight, that may be seen. `belongings` tells of those that are not
        entities' own."""
        if not sight.conditions:
            return ids
        own = ids.copy()
        own.remove_range(FIRST_ID, _LAST)
        others = ids - own
        if TYPE in sight.conditions:
            own &= await self._entities(sight.conditions[TYPE][1])
        if others and sight.conditions.keys() - {TYPE}:
            others -= await self._hidden(await belongings(), others, sight)
        return own | others

    async def _entities(self, decision: Decision) -> BitMap:
        assert decision.conditions is not None
        return await self._visibility().allowed(decision.conditions)

    async def _hidden(self, belongings: Mapping[int, Belonging], among: BitMap, sight: Sight) -> BitMap:
        hidden = BitMap()
        for type_, (permission, decision) in sight.conditions.items():
            owned = {
                id_: (ref, number)
                for id_, (of_type, ref, number) in belongings.items()
                if of_type == type_ and ref is not None and id_ in among
            }
            if not owned:
                continue
            if permission.resource_type == ENTITY:
                allowed = await self._entities(decision)
                hidden |= BitMap([id_ for id_, (_, number) in owned.items() if number is None or number not in allowed])
            else:
                refs = tuple(dict.fromkeys(ref for ref, _ in owned.values()))
                asked = PermissionQuery(permission, refs)
                (verdicts,) = await self._permissions.authorize([asked], sight.caller, plugin=PLUGIN)
                answers = dict(
                    zip(refs, [verdicts] * len(refs) if isinstance(verdicts, str) else verdicts, strict=True)
                )
                hidden |= BitMap([id_ for id_, (ref, _) in owned.items() if answers[ref] != "ALLOW"])
        return hidden
