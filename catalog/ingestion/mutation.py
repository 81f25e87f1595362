"""What an answer of a source does to what is stored: pure decisions, no database. Source: spec/catalog.md §4.2, §4.3.

An entity ref is owned by one location key. A source is a provider or an entity that emits others; what it brings is
compared with what is known under the same refs, and everything unchanged is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha1

from app.errors import InputError
from catalog.interfaces import DeferredEntity
from catalog.json_numbers import dumps
from catalog.model.entity import stable_json
from catalog.model.errors import FormError
from catalog.model.refs import ref_of
from catalog.store.texts import fits_index, storable
from catalog.store.unprocessed import Adoption, Claim, Conflict, Known, Unprocessed
from catalog.validation.envelope import check_envelope


def prepare(deferred: DeferredEntity) -> Unprocessed:
    """The stored form of an entity whose envelope is valid.

    Raises FormError for a ref that is too long to be looked up.
    """
    ref = storable(ref_of(deferred.entity))
    if not fits_index(ref):
        raise FormError(f"Entity ref of {len(ref)} characters is too long: {ref[:80]}…")
    # Stored in the order of its source: templates show it. What counts as a change is told by the sorted text.
    text = dumps(deferred.entity)
    digest = sha1(stable_json(deferred.entity), usedforsecurity=False).hexdigest()
    key = deferred.location_key
    return Unprocessed(ref, text.decode(), digest, None if key is None else storable(key))


def prepare_all(entities: Iterable[DeferredEntity]) -> dict[str, Unprocessed]:
    """By ref; of several with one ref the last one wins.

    Raises InputError when an envelope is not valid: a provider's answer is taken whole or not at all.
    """
    prepared: dict[str, Unprocessed] = {}
    for deferred in entities:
        try:
            check_envelope(deferred.entity)
            one = prepare(deferred)
        except FormError as error:
            raise InputError("A provider gave an entity that is not valid", cause=error) from error
        prepared[one.ref] = one
    return prepared


def may_replace(known_key: str | None, key: str | None) -> bool:
    """Whether a source with this location key may write where that one has written."""
    return known_key is None or known_key == key


def adopt(
    claims: Iterable[Claim], known: Mapping[str, Known], *, freed: Collection[str] = frozenset(), force: bool = False
) -> Adoption:
    """Decides each claim, first come first served.

    Args:
        freed: refs whose present sources all let go of them in this very batch, so that another key may take over.
        force: take what belongs to other keys, too.
    """
    plan = Adoption()
    for claim in claims:
        ref, key = claim.entity.ref, claim.entity.location_key
        if (fresh := plan.insert.get(ref)) is not None:
            holder = fresh.entity.location_key
        elif (changed := plan.update.get(ref)) is not None:
            holder = changed[1].entity.location_key
        elif (stored := known.get(ref)) is not None:
            holder = None if force or ref in freed else stored.location_key
        else:
            plan.insert[ref] = claim
            plan.accepted.append((claim.source, ref))
            continue
        if not may_replace(holder, key):
            plan.conflicts.append(Conflict(claim.source, claim.entity, holder))
            continue
        plan.accepted.append((claim.source, ref))
        if fresh is not None:
            plan.insert[ref] = claim
        else:
            stored = known[ref]
            if stored.hash != claim.entity.hash or stored.location_key != key:
                plan.update[ref] = (stored, claim)
            else:
                plan.update.pop(ref, None)
    return plan


@dataclass(frozen=True, slots=True)
class FullPlan:
    """A full mutation against what the provider had: `replaced` changed their location key and get a new uid."""

    removed: frozenset[str]
    replaced: frozenset[str]
    incoming: tuple[Unprocessed, ...]


def plan_full(incoming: Mapping[str, Unprocessed], owned: Mapping[str, Known | None]) -> FullPlan:
    """Compares a provider's whole answer with the refs it owned before.

    Args:
        owned: refs with an edge from this provider; None where the entity itself was deleted since.
    """
    removed = frozenset(ref for ref in owned if ref not in incoming)
    replaced = frozenset(
        ref
        for ref, known in owned.items()
        if known is not None
        and (now := incoming.get(ref)) is not None
        and known.location_key is not None
        and known.location_key != now.location_key
    )
    return FullPlan(removed, replaced, tuple(incoming.values()))
