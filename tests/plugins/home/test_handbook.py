"""Callboard's own documentation, as pages and in the search."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from app.errors import NotFoundError
from app.interfaces import SearchDocument
from plugins.home.collator import HandbookCollator
from plugins.home.handbook import Handbook
from plugins.home.plugin import HomePlugin
from tests.conftest import AnyDatabase
from tests.plugins.house import opened

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def handbook() -> Handbook:
    return Handbook()


def test_every_page_is_there_and_links_lead_to_what_is(handbook: Handbook) -> None:
    assert set(handbook.pages) == {file.stem for file in DOCS.glob("*.md")}
    anchors = {f"/callboard/handbook/{name}": set(_ids(handbook.page(name))) for name in handbook.pages}
    for name in handbook.pages:
        for href in re.findall(r'href="([^"]*)"', handbook.page(name).decode()):
            path, _, anchor = href.partition("#")
            if path.startswith("/callboard/handbook/"):
                assert path in anchors, f"{name}: {href}"
                assert not anchor or anchor in anchors[path], f"{name}: {href}"


def _ids(content: bytes) -> list[str]:
    return re.findall(r' id="([^"]*)"', content.decode())


def test_a_page_is_text_and_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text(
        "# <b>Bad</b>\n\n<script>x()</script> [y](javascript:alert(1)) [up](../../etc.md)\n"
    )
    page = Handbook(tmp_path).page("bad").decode()
    assert "<script>x" not in page
    assert 'href="javascript' not in page
    assert 'href="../' not in page
    with pytest.raises(NotFoundError):
        Handbook(tmp_path).page("../bad")


async def test_each_section_is_a_document_that_leads_to_its_place(handbook: Handbook) -> None:
    collator = HandbookCollator(handbook, "https://portal.example.com/", "1")
    documents: list[SearchDocument] = [one async for batch in collator.collate() for one in batch]
    assert len({one.key for one in documents}) == len(documents) > 100
    for one in documents:
        place, _, anchor = one.location.partition("#")
        name = place.removeprefix("https://portal.example.com/callboard/handbook/")
        assert not anchor or anchor in _ids(handbook.page(name)), one.location
        assert one.title
        assert one.text


async def test_everybody_may_read_it(database: AnyDatabase, tmp_path: Path) -> None:
    async with opened(database, {}, [HomePlugin()], folder=tmp_path) as (_, client):
        answer: httpx.Response = await client.get("/callboard/handbook")
        assert answer.status_code == 200
        assert "/callboard/handbook/search" in answer.text
        assert (await client.get("/callboard/handbook/search")).status_code == 200
        assert (await client.get("/callboard/handbook/nothing")).status_code == 404
        assert (await client.get("/callboard/docs")).status_code == 401
