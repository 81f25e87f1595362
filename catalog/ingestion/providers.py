"""Full and delta mutations of providers. Source: spec/catalog.md §4.2."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import orjson

from app.interfaces import Database
from catalog.ingestion.adoption import Brought, Emission, bring_in, settle_loose
from catalog.ingestion.guard import GuardSettings, removes_too_much
from catalog.ingestion.mutation import plan_full
from catalog.interfaces import MutationResult
from catalog.store.held import drop_held, hold, is_held
from catalog.store.references import Edge, edges_from, store_edges
from catalog.store.unprocessed import Conflict, Unprocessed, known_by_refs, stored_unprocessed
from catalog.store.writing import CatalogWrite

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Applied:
    """A mutation and what it did. `would_remove` is filled when it was held back."""

    result: MutationResult
    conflicts: list[Conflict] = field(default_factory=list)
    would_remove: int = 0
    owned: int = 0


async def is_current(database: Database, provider: str, incoming: Mapping[str, Unprocessed]) -> bool:
    """Whether the catalog holds just this of a provider already: then there is nothing to write or to lock."""
    rows = await database.read(
        "SELECT r.target_ref, s.unprocessed_hash, s.location_key FROM catalog_refresh_reference r "
        "LEFT JOIN catalog_refresh_state s ON s.entity_ref = r.target_ref WHERE r.source_key = ?",
        provider,
    )
    if len(rows) != len(incoming) or any(
        (one := incoming.get(ref)) is None or (one.hash, one.location_key) != (digest, key) for ref, digest, key in rows
    ):
        return False
    return not await is_held(database, provider)


async def apply_full(
    write: CatalogWrite,
    provider: str,
    incoming: Mapping[str, Unprocessed],
    cause: str,
    *,
    guard: GuardSettings | None,
) -> Applied:
    """Replace all that a provider owns. With a guard, a mutation that removes too much is held back, whole."""
    owned_refs = {edge.target_ref for edge in await edges_from(write, "source_key", [provider])}
    known = await known_by_refs(write, owned_refs)
    plan = plan_full(incoming, {ref: known.get(ref) for ref in owned_refs})
    if guard is not None and removes_too_much(len(plan.removed), len(owned_refs), guard):
        held = str(uuid4())
        await hold(write, held, provider, sorted(plan.removed), len(owned_refs), mutation_json(incoming.values()))
        return Applied(MutationResult(held=held), would_remove=len(plan.removed), owned=len(owned_refs))
    await drop_held(write, provider)
    await _let_go(write, provider, plan.replaced, cause)
    brought = await bring_in(write, [Emission(cause, plan.incoming, source_key=provider)])
    removed = await settle_loose(write, brought.loose, "delete", eager=True)
    return _applied(brought, removed)


async def apply_delta(
    write: CatalogWrite,
    provider: str,
    added: Mapping[str, Unprocessed],
    removed: Collection[str],
    cause: str,
    *,
    force: bool = False,
) -> Applied:
    """Change some of what a provider owns; only what it owns can be removed."""
    gone = 0
    if removed:
        owned = {edge.target_ref for edge in await edges_from(write, "source_key", [provider])}
        gone = await _let_go(write, provider, owned.intersection(removed), cause)
    brought = Brought()
    if added:
        brought = await bring_in(
            write, [Emission(cause, tuple(added.values()), source_key=provider, complete=False)], force=force
        )
    return _applied(brought, gone)


async def apply_removal(
    write: CatalogWrite, provider: str, refs: Collection[str], cause: str, *, guard: GuardSettings | None
) -> Applied:
    """Remove some of what a provider owns. With a guard, what would be too much is held back, whole."""
    owned = {edge.target_ref for edge in await edges_from(write, "source_key", [provider])}
    going = owned.intersection(refs)
    if guard is not None and removes_too_much(len(going), len(owned), guard):
        held = str(uuid4())
        remaining = await stored_unprocessed(write, owned - going)
        await hold(write, held, provider, sorted(going), len(owned), mutation_json(remaining))
        return Applied(MutationResult(held=held), would_remove=len(going), owned=len(owned))
    await drop_held(write, provider)
    return Applied(MutationResult(removed=await _let_go(write, provider, going, cause)))


async def _let_go(write: CatalogWrite, provider: str, refs: Collection[str], cause: str) -> int:
    await store_edges(write, (), {Edge(provider, None, ref) for ref in refs})
    return await settle_loose(write, dict.fromkeys(refs, cause), "delete", eager=True)


def _applied(brought: Brought, removed: int) -> Applied:
    return Applied(MutationResult(brought.added, brought.updated, removed), brought.conflicts)


def mutation_json(entities: Iterable[Unprocessed]) -> str:
    """A mutation as text, to be applied when it is released."""
    rows = [[one.ref, one.json, one.hash, one.location_key] for one in entities]
    return orjson.dumps(rows).decode()


def mutation_from_json(text: str) -> dict[str, Unprocessed]:
    """The inverse of `mutation_json`."""
    return {row[0]: Unprocessed(*row) for row in orjson.loads(text)}
