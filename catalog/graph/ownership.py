"""In whose name a user or group owns things: itself, a user's groups, and the groups below a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.interfaces import Database
from catalog.interfaces import EntitiesCatalog, Query

MAX_OWNERS: Final = 5000
"""More groups than this below one owner are cut off, and the answer says so."""


@dataclass(frozen=True, slots=True)
class Owner:
    """`path` leads from the one asked for to this owner, both included."""

    ref: str
    path: tuple[str, ...]


class Ownership:
    def __init__(self, database: Database, entities: EntitiesCatalog) -> None:
        self._database = database
        self._entities = entities

    async def owners(self, ref: str, depth: int, *, visible: Query | None = None) -> tuple[Sequence[Owner], bool]:
        """Those through whom `ref` owns, nearest first, and whether that is all of them. One statement a level.

        Groups that the caller cannot see lead nowhere. Cycles are walked once.
        """
        found = {ref: Owner(ref, (ref,))}
        frontier = [ref]
        for _ in range(depth):
            steps = await self._steps(frontier)
            fresh: dict[str, Owner] = {}
            for source, target in steps:
                if target not in found and target not in fresh:
                    fresh[target] = Owner(target, (*found[source].path, target))
            if visible is not None and fresh:
                seen = await self._entities.matching(list(fresh), visible)
                fresh = {group: owner for group, owner in fresh.items() if group in seen}
            found.update(fresh)
            if len(found) > MAX_OWNERS:
                return list(found.values())[:MAX_OWNERS], False
            if not fresh:
                break
            frontier = list(fresh)
        return list(found.values()), True

    async def _steps(self, refs: Sequence[str]) -> list[tuple[str, str]]:
        rows = await self._database.read(
            "SELECT DISTINCT source_ref, target_ref, type FROM catalog_relation "  # noqa: S608
            f"WHERE {self._database.any_of('source_ref', 'text')} AND type IN ('memberOf', 'parentOf') "
            "ORDER BY source_ref, target_ref LIMIT ?",
            self._database.array(refs),
            MAX_OWNERS + 1,
        )
        # A user is a member of groups, a group is the parent of groups; nobody else leads any further.
        leading = {"user": "memberOf", "group": "parentOf"}
        return [(source, target) for source, target, kind in rows if leading.get(source.partition(":")[0]) == kind]
