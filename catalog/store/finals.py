"""Final entities and their postings, written by the batch. Source: spec/catalog.md §4.10."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from catalog.interfaces import Cause
from catalog.store.bulk import LOW
from catalog.store.removal import POSTING, term_ids, terms_blob
from catalog.store.terms import Pairs, TermNumbers
from catalog.store.writing import CatalogWrite, cause_json

UNKNOWN = cause_json(Cause("location"))


class Stitched(NamedTuple):
    """A final entity as put together. `cause` is JSON."""

    entity_id: int
    ref: str
    hash: str
    document: str
    pairs: Pairs
    cause: str | None


async def store_finals(write: CatalogWrite, stitched: Sequence[Stitched], numbers: TermNumbers) -> int:
    """Write those that differ from what is stored, and number the changes. Gives how many did."""
    bulk = write.bulk
    stored: dict[int, tuple[str, bytes]] = {
        row[0]: (row[1], row[2])
        for row in await bulk.select(
            "SELECT id, hash, terms FROM catalog_entity", "id", "bigint", [one.entity_id for one in stitched]
        )
    }
    changed = [one for one in stitched if (before := stored.get(one.entity_id)) is None or before[0] != one.hash]
    if not changed:
        return 0
    changed.sort(key=lambda one: one.ref)
    ids = await numbers.resolve(write, [(one.entity_id not in stored, one.pairs) for one in changed])
    added: list[int] = []
    removed: list[int] = []
    fresh, replaced = [], []
    for one, terms in zip(changed, ids, strict=True):
        number = write.record(
            one.entity_id, one.ref, "updated" if one.entity_id in stored else "created", one.cause or UNKNOWN, one.hash
        )
        blob = terms_blob(terms)
        if one.entity_id in stored:
            _compare(one.entity_id, term_ids(stored[one.entity_id][1]), terms, added, removed)
            replaced.append((one.entity_id, one.document, one.hash, blob, number, write.now))
        else:
            added.extend([term << 32 | one.entity_id for term in terms])
            fresh.append((one.entity_id, one.ref, one.document, one.hash, blob, number, write.now))
    write.created += len(fresh)
    await bulk.insert(
        "catalog_entity", ("id", "entity_ref", "document", "hash", "terms", "revision", "updated_at"), fresh
    )
    await bulk.update(
        "catalog_entity",
        ("id", "bigint"),
        (
            ("document", "text"),
            ("hash", "text"),
            ("terms", "bytea"),
            ("revision", "bigint"),
            ("updated_at", "bigint"),
        ),
        replaced,
    )
    removed.sort()
    added.sort()
    await bulk.delete_rows("catalog_posting", POSTING, [(one >> 32, one & LOW) for one in removed])
    await bulk.insert_pairs("catalog_posting", POSTING, added)
    return len(changed)


def _compare(
    entity_id: int,
    before: array[int],
    now: array[int],
    added: list[int],
    removed: list[int],
) -> None:
    """Postings as one number each: they are many, and have to be sorted."""
    old, new = set(before), set(now)
    added.extend([term << 32 | entity_id for term in new - old])
    removed.extend([term << 32 | entity_id for term in old - new])
