"""Pages of sites as the search gets them. Source: spec/ui-backends.md §6."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import orjson

from app.interfaces import SearchChange, SearchDocument, SearchIndex
from catalog.interfaces import EntitiesCatalog
from plugins.techdocs.collator import Announcer, TechdocsCollator
from plugins.techdocs.publishing.local import LocalPublisher
from plugins.techdocs.settings import CollatorSettings
from tests.plugins.techdocs.sites import SITE, built_site, entity


class Catalog:
    def __init__(self, *entities: dict[str, Any]) -> None:
        self.entities = entities
        self.queries: list[Any] = []

    async def everything(self, query: Any, order: Any) -> AsyncIterator[Sequence[bytes]]:
        self.queries.append(query)
        yield [orjson.dumps(one) for one in self.entities]


class Index:
    def __init__(self) -> None:
        self.told: list[tuple[str, SearchChange]] = []

    async def update(self, type: str, change: SearchChange) -> None:  # noqa: A002
        self.told.append((type, change))


TRAIN = {
    **entity(techdocs_ref="dir:."),
    "relations": [{"type": "ownedBy", "targetRef": "group:default/sleepers"}],
}
DOVER = SearchDocument(
    key="component:lines/night-train#stops/#dover",
    group="component:lines/night-train",
    title="Dover & Calais",
    text="By <boat>",
    location="/docs/lines/component/night-train/stops/#dover",
    fields={
        "namespace": "lines",
        "kind": "component",
        "name": "night-train",
        "path": "stops/#dover",
        "annotations": {"backstage.io/techdocs-ref": "dir:."},
        "componentType": "service",
        "type": "service",
        "lifecycle": "production",
        "owner": "sleepers",
    },
    resource_ref="component:lines/night-train",
)


def collator(folder: Path, catalog: Catalog, **settings: Any) -> TechdocsCollator:
    return TechdocsCollator(
        CollatorSettings.model_validate(settings),
        lambda: cast(EntitiesCatalog, catalog),
        lambda: LocalPublisher(folder / "docs"),
    )


async def test_each_section_of_a_site_is_a_document(tmp_path: Path) -> None:
    await LocalPublisher(tmp_path / "docs").publish(SITE, built_site(tmp_path / "site"))
    catalog = Catalog(TRAIN, entity("without-site", techdocs_ref="dir:."))
    batches = [batch async for batch in collator(tmp_path, catalog, parallelismLimit=1).collate()]
    assert [list(batch) for batch in batches] == [[DOVER], []]
    assert catalog.queries == [{"metadata.annotations.backstage.io/techdocs-ref": {"$exists": True}}]


async def test_links_follow_the_template_and_titles_of_entities_are_kept(tmp_path: Path) -> None:
    await LocalPublisher(tmp_path / "docs").publish(SITE, built_site(tmp_path / "site"))
    titled = {**TRAIN, "metadata": {**TRAIN["metadata"], "title": "The Night Train"}}
    made = collator(tmp_path, Catalog(), locationTemplate="/handbook/:name?at=:path")
    (document,) = await made.documents(titled)
    assert document.location == "/handbook/night-train?at=stops/#dover"
    assert document.fields["entityTitle"] == "The Night Train"


async def test_a_site_that_makes_no_sense_hinders_no_other(tmp_path: Path) -> None:
    made = collator(tmp_path, Catalog())
    for odd in ("{", "[]", '{"docs": 5}', '{"docs": [5]}', "{}"):
        site = built_site(tmp_path / "site", search__search_index_0_json=odd)
        (site / "search/search_index.json").write_text(odd)
        await LocalPublisher(tmp_path / "docs").publish(SITE, site)
        assert await made.documents(TRAIN) == []


async def test_a_site_that_was_just_built_is_found_at_once(tmp_path: Path) -> None:
    await LocalPublisher(tmp_path / "docs").publish(SITE, built_site(tmp_path / "site"))
    index = Index()
    await Announcer(collator(tmp_path, Catalog()), lambda: cast(SearchIndex, index))(TRAIN)
    assert index.told == [("techdocs", SearchChange(put=[DOVER], removed=["component:lines/night-train"]))]

    def nobody() -> SearchIndex:
        raise LookupError

    await Announcer(collator(tmp_path, Catalog()), nobody)(TRAIN)
