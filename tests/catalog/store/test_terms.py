"""Numbers of search terms: one for each, whoever asks, whatever is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database.upgrade import bring_up_to_date
from catalog.stitching.terms import pairs_of, term_of, terms_of
from catalog.store import terms as module
from catalog.store.terms import TermNumbers
from catalog.store.writing import CatalogStore
from tests.catalog.world import ManualClock, World, component
from tests.conftest import AnyDatabase

values = st.one_of(
    st.sampled_from(["a", "A", "true", "5", "", "x" * 300, "y" * 300, "İ"]), st.booleans(), st.none(), st.integers(4, 6)
)
specs = st.dictionaries(
    st.sampled_from(["one", "oneTwo", "k" * 250]), st.one_of(values, st.lists(values, max_size=4)), max_size=3
)


async def names(store: CatalogStore, ids: Any) -> list[tuple[str, str | None, str | None]]:
    rows = await store.database.read(
        "SELECT t.id, k.key, t.value, t.original, t.is_null FROM catalog_term t JOIN catalog_key k ON k.id = t.key_id"
    )
    found = {row[0]: (row[1], None if row[4] else row[2], None if row[4] else row[3]) for row in rows}
    return [found[one] for one in ids]


@given(
    batches=st.lists(st.lists(specs, min_size=1, max_size=3), min_size=1, max_size=5),
    forgetful=st.sampled_from([3, 300_000]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_every_entity_gets_just_its_terms(
    database: AnyDatabase, batches: list[list[dict[str, Any]]], forgetful: int
) -> None:
    await bring_up_to_date(database, {"catalog": "catalog.store.migrations"})
    store = CatalogStore(database, ManualClock())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "MAX_REMEMBERED", forgetful)
        for numbers in (TermNumbers(term_of), TermNumbers(term_of)):
            for batch in batches:
                entities = [component(f"svc-{number}", **spec) for number, spec in enumerate(batch)]
                async with store.write() as write:
                    ids = await numbers.resolve(write, [(False, pairs_of(entity)) for entity in entities])
                for entity, found in zip(entities, ids, strict=True):
                    expected = [tuple(term) for term in terms_of(entity)]
                    assert sorted(map(str, await names(store, found))) == sorted(map(str, expected))
    rows = await database.read("SELECT key_id, value, original, is_null FROM catalog_term")
    assert len(rows) == len(set(rows))


async def test_what_was_rolled_back_is_not_remembered(world: World) -> None:
    numbers = TermNumbers(term_of)
    pairs = pairs_of(component("svc"))
    with pytest.raises(RuntimeError):
        async with world.store.write() as write:
            await numbers.resolve(write, [(True, pairs)])
            raise RuntimeError
    async with world.store.write() as write:
        (ids,) = await numbers.resolve(write, [(True, pairs)])
    assert sorted(map(str, await names(world.store, ids))) == sorted(map(str, map(tuple, terms_of(component("svc")))))
