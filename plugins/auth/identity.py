"""Who signs in: users as the catalog knows them. Source: spec/ui-backends.md §3.3, §3.6."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from app.errors import ConflictError, NotFoundError
from app.interfaces import OwnershipResolver, SignedIn
from catalog.interfaces import EntitiesCatalog, Entity, Order
from catalog.model.refs import parse_ref, ref_of


class UserNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("User not found")


class CatalogUsers:
    """The `SignInContext` of this server: finds users in the catalog, whatever anybody may see of it."""

    def __init__(
        self, catalog: Callable[[], EntitiesCatalog], ownership: Callable[[], OwnershipResolver | None] = lambda: None
    ) -> None:
        self._catalog = catalog
        self._ownership = ownership

    async def find_user(
        self,
        *,
        ref: str | None = None,
        annotations: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        if ref is not None:
            return await self._by_ref(str(parse_ref(ref, default_kind="user")))
        found = await self.all_with(annotations=annotations or {}, fields=fields or {}, limit=2)
        if len(found) > 1:
            raise ConflictError("User lookup resulted in multiple matches")
        if not found:
            raise UserNotFoundError()
        return found[0]

    async def all_with(
        self, *, annotations: Mapping[str, str], fields: Mapping[str, str] | None = None, limit: int
    ) -> list[Mapping[str, Any]]:
        """At most `limit` users with these values, compared without regard to case."""
        query: dict[str, Any] = {"kind": "User", **(fields or {})}
        query |= {f"metadata.annotations.{name}": value for name, value in annotations.items()}
        try:
            catalog = self._catalog()
        except LookupError:
            return []  # a host without a catalog knows no users
        documents, _ = await catalog.listing(query, [Order("metadata.uid")], limit=limit)
        return [orjson.loads(document) for document in documents]

    async def sign_in(self, user: Mapping[str, Any]) -> SignedIn:
        resolve = self._ownership()
        return identity_of(user) if resolve is None else SignedIn(ref_of(user), tuple(await resolve(user)))

    def sign_in_without_user(self, name: str) -> SignedIn:
        ref = str(parse_ref({"name": name}, default_kind="user"))
        return SignedIn(ref, (ref,))

    async def _by_ref(self, ref: str) -> Entity:
        try:
            catalog = self._catalog()
        except LookupError:
            raise UserNotFoundError() from None
        (document,) = await catalog.by_refs([ref])
        if document is None:
            raise UserNotFoundError()
        user: Entity = orjson.loads(document)
        return user


def identity_of(user: Mapping[str, Any]) -> SignedIn:
    """A User entity's ref and the groups it is a member of."""
    ref = ref_of(user)
    relations: list[Mapping[str, Any]] = user.get("relations") or []
    groups = [
        relation["targetRef"]
        for relation in relations
        if relation["type"] == "memberOf" and relation["targetRef"].startswith("group:")
    ]
    return SignedIn(ref, tuple(dict.fromkeys([ref, *groups])))
