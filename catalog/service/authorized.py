"""Asks the policy first: what of the catalog a caller may see, and what a caller may do. Source: §7.5."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import orjson

from app.errors import NotAllowedError
from app.interfaces import Decision, Permission, Permissions, Principal
from catalog.interfaces import Query
from catalog.permissions.conditions import query_of

PLUGIN: Final = "catalog"


@dataclass(frozen=True, slots=True)
class Sight:
    """What a caller may see: everything (`query` None), nothing (`denied`), or what a predicate matches.

    `tag` differs wherever what can be seen may differ; ETags carry it.
    """

    denied: bool = False
    query: Query | None = None
    tag: str = ""


EVERYTHING: Final = Sight()
NOTHING: Final = Sight(denied=True, tag="-none")


def sight_of(decision: Decision) -> Sight:
    """What a decision lets its caller see. Raises InputError for conditions that are not ours."""
    if decision.result == "ALLOW":
        return EVERYTHING
    if decision.result == "DENY" or decision.conditions is None:
        return NOTHING
    query = query_of(decision.conditions)
    digest = blake2b(orjson.dumps(query, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    return Sight(query=query, tag=f"-{digest}")


class Gate:
    """The policy, as the catalog asks it."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    async def sight(self, permission: Permission, caller: Principal) -> Sight:
        """What of the catalog the permission covers for this caller; a conditional decision becomes a predicate."""
        return sight_of(await self._permissions.decide(permission, caller, plugin=PLUGIN))

    async def allows(self, permission: Permission, caller: Principal, resource_ref: str | None = None) -> bool:
        return await self._permissions.check(permission, caller, plugin=PLUGIN, resource_ref=resource_ref)

    async def require(
        self, permission: Permission, caller: Principal, resource_ref: str | None = None, *, refusal: str = ""
    ) -> None:
        """Raises NotAllowedError, whose message the reference leaves empty, unless the caller may."""
        if not await self.allows(permission, caller, resource_ref):
            raise NotAllowedError(refusal)
