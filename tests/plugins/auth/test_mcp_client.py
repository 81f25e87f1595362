"""The official MCP client signs its user in: discovery, registration or metadata document, consent, token.

Source: spec/ui-backends.md §3.7, §15.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi import APIRouter, Request, Response
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from app.interfaces import JsonBytes, Plugin, PluginHost, caller
from plugins.auth.plugin import AuthPlugin
from tests.app.auth.world import BASE_URL
from tests.conftest import AnyDatabase
from tests.plugins.auth.test_oauth_server import CIMD, CLAUDE, DCR, REFRESH, USER, ZOE, Web, document
from tests.plugins.house import EntitiesPlugin, opened

CALLBACK = "http://localhost:41234/callback"


class ToolsPlugin:
    """Where an MCP server stands: it asks for credentials, and says whose they are."""

    id = "mcp-actions"

    def register(self, host: PluginHost) -> None:
        routes = APIRouter()

        @routes.post("/v1")
        async def tools(request: Request) -> Response:
            return JsonBytes(f'{{"caller":"{caller(request).subject}"}}'.encode())

        host.mount("mcp-actions", routes)


class Kept(TokenStorage):
    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.fixture
def database_engine() -> str:
    """test_oauth_server goes through both."""
    return "sqlite"


@pytest.fixture(params=["by its metadata", "by registering"])
async def agent(
    request: pytest.FixtureRequest, database: AnyDatabase, tmp_path: Path
) -> AsyncIterator[tuple[httpx2.AsyncClient, Kept]]:
    """A client whose first request goes through all of it; Zoë consents."""
    by_metadata = request.param == "by its metadata"
    switches = {**(CIMD if by_metadata else DCR), **REFRESH}
    config = {"app": {"baseUrl": "http://localhost:3000"}, "auth": switches}
    plugins: list[Plugin] = [AuthPlugin(), EntitiesPlugin(USER), ToolsPlugin()]
    web, kept, came_back = Web({CLAUDE: document()}), Kept(), dict[str, str]()
    async with opened(database, config, plugins, folder=tmp_path, outgoing=web) as (host, plain):

        async def consent(url: str) -> None:
            started = await plain.get(url)
            assert started.status_code == 302, started.text
            session = started.headers["location"].rpartition("/")[2]
            token = await host.auth.issue_user_token(ZOE, [ZOE])
            approved = await plain.post(
                f"/api/auth/v1/sessions/{session}/approve", headers={"authorization": f"Bearer {token}"}
            )
            query = parse_qs(urlsplit(approved.json()["redirectUrl"]).query)
            came_back.update({name: values[0] for name, values in query.items()})

        async def answered() -> AuthorizationCodeResult:
            return AuthorizationCodeResult(code=came_back["code"], state=came_back["state"])

        metadata: Any = {
            "client_name": "An agent",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
        }
        provider = OAuthClientProvider(
            f"{BASE_URL}/api/mcp-actions/v1",
            OAuthClientMetadata.model_validate(metadata),
            kept,
            consent,
            answered,
            client_metadata_url=CLAUDE if by_metadata else None,
        )
        app: Any = plain._transport
        transport = httpx2.ASGITransport(app.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL, auth=provider) as client:
            yield client, kept


async def test_an_agent_acts_for_the_user_who_let_it(agent: tuple[httpx2.AsyncClient, Kept]) -> None:
    client, kept = agent
    answer = await client.post("/api/mcp-actions/v1", json={})
    assert (answer.status_code, answer.json()) == (200, {"caller": ZOE})
    assert kept.tokens is not None and kept.tokens.refresh_token is not None
    assert kept.client is not None and kept.client.client_id
    # What it kept is good for the next request, with nobody being asked.
    again = await client.post("/api/mcp-actions/v1", json={})
    assert again.json() == {"caller": ZOE}
