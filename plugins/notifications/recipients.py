"""From the entities a notification is for to the users behind them. Source: spec/ui-backends.md §8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import orjson

from app.errors import CallboardError, InputError
from catalog.interfaces import EntitiesCatalog, Entity
from catalog.model.refs import parse_ref


class Recipients:
    """Users are meant themselves, groups mean their members and those of their child groups, all else its owner."""

    def __init__(self, catalog: Callable[[], EntitiesCatalog]) -> None:
        self._catalog = catalog

    async def users(self, refs: Iterable[str], excluded: Iterable[str] = ()) -> list[str]:
        """Canonical refs of users, each once, in the order in which they were found. Raises InputError for a ref that
        is none."""
        left_out = {_canonical(ref) for ref in excluded}
        waiting = list(dict.fromkeys(_canonical(ref) for ref in refs))
        seen, users = set(waiting), dict.fromkeys(ref for ref in waiting if _is_user(ref))
        while waiting:
            asked = [ref for ref in waiting if not _is_user(ref) and ref not in left_out]
            waiting = []
            for entity in await self._entities(asked):
                for ref in _behind(entity):
                    if _is_user(ref):
                        users.setdefault(ref)
                    if ref not in seen:
                        seen.add(ref)
                        waiting.append(ref)
        return [ref for ref in users if ref not in left_out]

    async def _entities(self, refs: Sequence[str]) -> list[Entity]:
        if not refs:
            return []
        try:
            catalog = self._catalog()
        except LookupError:
            return []  # a host without a catalog knows users alone
        # Whoever sends need not see whom it reaches.
        return [orjson.loads(found) for found in await catalog.by_refs(refs) if found is not None]


def _behind(entity: Entity) -> Iterable[str]:
    """Members and child groups of a group; the owner of anything else."""
    relations = entity.get("relations") or ()
    if str(entity.get("kind", "")).lower() == "group":
        wanted = [one["targetRef"] for one in relations if one["type"] in ("hasMember", "parentOf")]
        return [ref for ref in wanted if ref.startswith(("user:", "group:"))]
    return [one["targetRef"] for one in relations if one["type"] == "ownedBy"][:1]


def _is_user(ref: str) -> bool:
    return ref.startswith("user:")


def _canonical(ref: str) -> str:
    try:
        return str(parse_ref(ref))
    except CallboardError as error:
        raise InputError("Failed to send user notifications", cause=error) from error
