"""The page at `/` and the API documentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.http.application import Application
from app.http.contract import Contract
from app.interfaces import PluginHost
from app.main import create_app
from catalog.interfaces import CatalogControl, EntitiesCatalog, FacetValue
from plugins.home.html import element, text
from plugins.home.plugin import HomePlugin

STATIC = """
app: {title: Nightjar <Rail>}
backend:
  auth:
    externalAccess:
      - {type: static, options: {token: a-static-token, subject: ci}}
      - type: static
        options: {token: a-narrow-token, subject: narrow}
        accessRestrictions: [{plugin: catalog}]
"""
OPEN = "backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}"


class Shelf:
    """A catalog of three kinds, in which one entity has failed."""

    async def facets(self, facets: Any, query: Any, *, visible: Any = None) -> dict[str, list[FacetValue]]:
        return {"kind": [FacetValue("API", 2), FacetValue("Component", 1234), FacetValue("User", 2)]}

    async def unprocessed(self, state: str, owner: str | None) -> list[dict[str, Any]]:
        errors = [{"name": "InputError", "message": "Policy check failed for <b>component:default/broken</b>"}]
        return [{"entity_ref": "component:default/broken", "location_key": "url:https://x/y", "errors": errors}] * 60

    async def held_mutations(self) -> list[dict[str, Any]]:
        return [{"id": "1"}]


class ShelfPlugin:
    id = "shelf"

    def register(self, host: PluginHost) -> None:
        shelf: Any = Shelf()
        host.provide(EntitiesCatalog, shelf)
        host.provide(CatalogControl, shelf)


CONTRACT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "shelf", "version": "1"},
    "paths": {
        "/books/{name}": {
            "parameters": [{"$ref": "#/components/parameters/Name"}],
            "post": {
                "summary": "Change a <book>",
                "parameters": [
                    {"name": "mode", "in": "query", "schema": {"type": "string", "enum": ["soft", "hard"]}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "required": ["title"], "properties": {"title": {}, "year": {}}}
                        }
                    }
                },
                "responses": {"200": {"description": "Done."}},
            },
        }
    },
    "components": {
        "parameters": {"Name": {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}}
    },
}


@pytest.fixture
def app_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Application]:
    monkeypatch.chdir(tmp_path)

    def build(config: str) -> Application:
        (tmp_path / "app-config.yaml").write_text(config)
        app = create_app(env={}, plugins=[HomePlugin(), ShelfPlugin()])
        app.state.host.mounts.of("shelf").add_contract(Contract(CONTRACT))
        return app

    return build


async def get(app: Application, path: str, token: str | None = None) -> httpx.Response:
    await app.start()
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callboard.test") as client:
        answer = await client.get(path, headers=headers)
    await app.stop()
    return answer


async def test_the_page_tells_what_runs_what_is_in_and_what_failed(app_of: Any) -> None:
    answer = await get(app_of(STATIC), "/", "a-static-token")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    plain = re.sub(r"<[^>]+>", " ", answer.text)
    for words in ("1,238", "1,234", "Component", "SQLite", "home, shelf", "component:default/broken", "and 10 more"):
        assert words in plain, words
    assert "Policy check failed for &lt;b&gt;component" in answer.text
    assert "Nightjar &lt;Rail&gt;" in answer.text
    assert 'href="/api/shelf/openapi.json"' in answer.text


@pytest.mark.parametrize("token", [None, "a-wrong-token", "a-narrow-token"])
async def test_nobody_else_learns_what_the_catalog_holds(app_of: Any, token: str | None) -> None:
    answer = await get(app_of(STATIC), "/", token)
    assert (answer.status_code, "Callboard is running" in answer.text) == (200, True)
    for secret in ("Component", "1,234", "broken", "shelf", "SQLite"):
        assert secret not in answer.text


async def test_without_the_default_policy_everybody_sees_it(app_of: Any) -> None:
    assert "Component" in (await get(app_of(OPEN), "/")).text
    closed = await get(app_of(OPEN + "\npermission: {enabled: true}"), "/")
    assert "Component" not in closed.text


async def test_the_documentation_lists_operations_and_wants_credentials(app_of: Any) -> None:
    assert (await get(app_of(STATIC), "/docs")).status_code == 401
    page = await get(app_of(STATIC), "/docs", "a-static-token")
    plain = re.sub(r"<[^>]+>", " ", page.text)
    for words in (
        "POST",
        "/api/shelf/books/{name}",
        "Change a &lt;book&gt;",
        "soft | hard",
        "array of string",
        "title*, year",
        "Done.",
    ):
        assert words in plain, words
    assert "required" in plain


async def test_pages_load_nothing_and_run_nothing(app_of: Any) -> None:
    for path in ("/", "/docs"):
        answer = await get(app_of(OPEN), path)
        [policy] = answer.headers.get_list("content-security-policy")
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert not re.search(r"<script|<img|<link|\son\w+=|\sstyle=|url\(", answer.text)


def test_texts_and_attributes_are_escaped() -> None:
    assert element("a", "<b>", text("&"), href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;</a>'
