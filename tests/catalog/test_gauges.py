"""What the metrics say of the catalog. Source: FIELD.md §4, row Metrics."""

from __future__ import annotations

from prometheus_client import REGISTRY

from catalog.gauges import Gauges
from catalog.query.engine import CatalogIndex
from tests.catalog.world import SOMEBODY, World, component, group

URL = "https://git.example/a.yaml"


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_gauges_follow_the_catalog_and_count_only_after_a_change(world: World) -> None:
    index = CatalogIndex(world.database)
    gauges = Gauges(world.store, index)
    world.sources.put(URL, component("one"), component("two"), group("team-a"))
    registered = await world.register(URL)
    index.advance(await world.revision())
    assert await gauges.count() > 0
    assert await gauges.count() == 0
    assert value("catalog_entities_count", kind="component") == 2
    assert value("catalog_entities_count", kind="location") == 1
    assert value("catalog_relations_count") == 4
    assert value("catalog_registered_locations_count") == 1
    await world.locations.delete(registered, actor=SOMEBODY)
    await world.settle()
    index.advance(await world.revision())
    await gauges.count()
    assert value("catalog_entities_count", kind="component") == 0
    assert value("catalog_registered_locations_count") == 0


async def test_passes_are_counted_by_what_they_changed(world: World) -> None:
    name, processed = "catalog_processed_entities_count_total", "catalog_processing_duration_seconds_count"
    before = value(name, result="changed") or 0, value(processed, result="failed") or 0
    world.sources.put(URL, component("one"), component("bad", owner=5))
    await world.register(URL)
    assert value(name, result="changed") == before[0] + 3
    assert value(processed, result="failed") == before[1] + 1
