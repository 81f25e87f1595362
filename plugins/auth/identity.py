"""Who signs in: users as the catalog knows them. Source: spec/ui-backends.md §3.3, §3.6."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.interfaces import EntitiesCatalog, Entity
from catalog.model.refs import ref_of


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, and the refs in whose name they own things, their own first."""

    user_ref: str
    ownership: tuple[str, ...]


class CatalogUsers:
    """Finds users in the catalog, whatever anybody may see of it: nobody has signed in yet."""

    def __init__(self, catalog: Callable[[], EntitiesCatalog]) -> None:
        self._catalog = catalog

    async def by_ref(self, ref: str) -> Identity | None:
        """The user with this canonical ref, if there is one."""
        try:
            catalog = self._catalog()
        except LookupError:
            return None  # a host without a catalog knows no users
        (document,) = await catalog.by_refs([ref])
        return None if document is None else identity_of(orjson.loads(document))


def identity_of(user: Entity) -> Identity:
    """A User entity's ref and the groups it is a member of."""
    ref = ref_of(user)
    relations: list[Mapping[str, Any]] = user.get("relations") or []
    groups = [
        relation["targetRef"]
        for relation in relations
        if relation["type"] == "memberOf" and relation["targetRef"].startswith("group:")
    ]
    return Identity(ref, (ref, *groups))
