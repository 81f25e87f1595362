"""The MCP servers, with the official client against a real server."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import ClientSession
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types.version import LATEST_MODERN_VERSION
from prometheus_client import REGISTRY
from pydantic import ValidationError

from app.database.sqlite import SqliteDatabase
from app.errors import ConflictError
from app.host import Host
from app.interfaces import DENY, ActionInvocation, Decision, Permission, PluginHost, Principal, RegisteredAction
from plugins.mcp.plugin import McpPlugin
from plugins.mcp.settings import McpSettings
from tests.app.http.serving import serving
from tests.plugins.house import application_of, opened

ALICE, EVE = "user:default/alice", "user:default/eve"
SEE = Permission("lamp.see")
TEXT = {"type": "string"}


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


class LampsPlugin:
    id = "lamps"

    def register(self, host: PluginHost) -> None:
        async def look(call: ActionInvocation) -> Any:
            assert call.token is not None
            assert (await host.auth.authenticate(call.token)).subject == call.caller.subject
            return {"room": call.input["room"], "seenBy": call.caller.subject}

        async def dim(call: ActionInvocation) -> Any:
            raise ConflictError("it is dark already")

        async def burst(call: ActionInvocation) -> Any:
            raise RuntimeError("password=hunter2")

        def action(name: str, run: Any, **attributes: Any) -> RegisteredAction:
            given = record(room=TEXT) if name in ("look", "peek") else record()
            return RegisteredAction(
                "lamps", name, name.title(), f"Can {name}.", given, {"type": "object"}, run, **attributes
            )

        host.actions.add(
            action("look", look, read_only=True, idempotent=True),
            action("peek", look, read_only=True, visibility=SEE),
            action("dim", dim, destructive=False),
            action("burst", burst),
        )
        host.permissions.use_policy(EveSeesNothing())


class EveSeesNothing:
    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return DENY if permission == SEE and user.subject == EVE else Decision("ALLOW")


class Backend:
    def __init__(self, host: Host, port: int) -> None:
        self.host, self.url = host, f"http://127.0.0.1:{port}/api/mcp-actions/v1"

    async def token(self, user: str = ALICE) -> str:
        return await self.host.auth.issue_user_token(user, [user])

    @asynccontextmanager
    async def agent(self, path: str = "", user: str = ALICE) -> AsyncIterator[ClientSession]:
        headers = {"authorization": f"Bearer {await self.token(user)}"}
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as client,
            streamable_http_client(self.url + path, http_client=client) as (read, write),
            ClientSession(read, write) as session,
        ):
            self.greeting = await session.initialize()
            yield session

    async def names(self, path: str = "", user: str = ALICE) -> list[str]:
        async with self.agent(path, user) as agent:
            return [tool.name for tool in (await agent.list_tools()).tools]

    async def ask(self, method: str = "POST", path: str = "", body: Any = None, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            content = None if body is None else json.dumps(body)
            return await client.request(method, self.url + path, content=content, headers=headers)

    async def rpc(self, body: Any, accept: str = "application/json, text/event-stream") -> httpx.Response:
        headers = {"authorization": f"Bearer {await self.token()}", "content-type": "application/json"}
        return await self.ask(body=body, accept=accept, **headers)


@asynccontextmanager
async def backend(folder: Path, **settings: Any) -> AsyncIterator[Backend]:
    database = SqliteDatabase(folder / "callboard.sqlite")
    await database.start()
    config = {"mcpActions": settings, "permission": {"enabled": True}}
    async with (
        opened(database, config, [LampsPlugin(), McpPlugin()], folder=folder) as (host, _),
        serving(application_of(host)) as port,
    ):
        yield Backend(host, port)
    await database.close()


async def test_an_agent_finds_the_tools_that_only_read(tmp_path: Path) -> None:
    async with backend(tmp_path) as running, running.agent() as agent:
        greeting, listed = running.greeting, (await agent.list_tools()).tools
        assert greeting.server_info.name == "backstage"
        assert greeting.capabilities.tools is not None
        assert [tool.name for tool in listed] == ["lamps.look", "lamps.peek"]
        assert listed[0].model_dump(by_alias=True, exclude_none=True) == {
            "name": "lamps.look",
            "description": "Can look.",
            "inputSchema": record(room=TEXT),
            "annotations": {
                "title": "Look",
                "readOnlyHint": True,
                "destructiveHint": False,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        }


async def test_a_tool_runs_in_the_name_of_whoever_sent_the_agent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "audit")
    async with backend(tmp_path) as running, running.agent() as agent:
        answer = await agent.call_tool("lamps.look", {"room": "stage"})
        output = {"room": "stage", "seenBy": ALICE}
        assert (answer.is_error, answer.structured_content) == (False, output)
        (content,) = answer.content
        assert content.type == "text"
        assert json.loads(content.text) == output
    events = [vars(one)["event"] for one in caplog.records if one.name == "audit"]
    (execution,) = [one for one in events if one["eventId"] == "tool-execution"]
    assert execution == {
        "plugin": "mcp-actions",
        "eventId": "tool-execution",
        "severityLevel": "medium",
        "status": "succeeded",
        "actor": {"actorType": "user", "actorId": ALICE},
        "meta": {"toolName": "lamps.look"},
    }
    labels = {"mcp_method_name": "tools/call", "gen_ai_tool_name": "lamps.look", "error_type": ""}
    assert (REGISTRY.get_sample_value("mcp_server_operation_duration_seconds_count", labels) or 0) >= 1


async def test_what_goes_wrong_is_told_in_words(tmp_path: Path) -> None:
    async with backend(tmp_path, allowedActions="all") as running, running.agent() as agent:
        for name, text in (
            ("lamps.dim", "ConflictError: it is dark already"),
            ("lamps.nope", 'NotFoundError: Action "lamps.nope" not found'),
            ("lamps.look", 'InputError: Invalid input to action "lamps.look": room: Required'),
        ):
            answer = await agent.call_tool(name, {})
            (content,) = answer.content
            assert content.type == "text"
            assert answer.is_error
            assert content.text.replace("lamps:", "lamps.") == text
        with pytest.raises(MCPError, match=r"^Internal server error$") as failure:
            await agent.call_tool("lamps.burst", {})
        assert "hunter2" not in str(failure.value.error)


async def test_tools_that_change_something_are_offered_where_the_configuration_allows(tmp_path: Path) -> None:
    servers: dict[str, Any] = {
        "careful": {"name": "Careful", "instructions": "Mind the lamps", "allowedActions": "readOnly"},
        "some": {"filter": {"include": [{"id": "lamps:*"}], "exclude": [{"id": "lamps:look"}]}},
    }
    async with backend(tmp_path, allowedActions="nonDestructive", servers=servers) as running:
        assert await running.names() == ["lamps.look", "lamps.peek", "lamps.dim"]
        assert await running.names("/some") == ["lamps.peek", "lamps.dim"]
        async with running.agent("/careful") as agent:
            assert (running.greeting.server_info.name, running.greeting.instructions) == ("Careful", "Mind the lamps")
            refused = await agent.call_tool("lamps.dim", {})
            assert refused.is_error


async def test_tools_may_go_without_their_plugins_name(tmp_path: Path) -> None:
    async with backend(tmp_path, namespacedToolNames=False, allowedActions="all") as running:
        assert await running.names() == ["look", "peek", "dim", "burst"]


async def test_each_agent_sees_what_its_user_may(tmp_path: Path) -> None:
    async with backend(tmp_path) as running:
        assert await running.names(user=EVE) == ["lamps.look"]
        async with running.agent(user=EVE) as agent:
            assert (await agent.call_tool("lamps.peek", {"room": "x"})).is_error


PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


async def test_the_transport_is_the_references(tmp_path: Path) -> None:
    async with backend(tmp_path) as running:
        assert (await running.ask(body=PING)).status_code == 401
        answer = await running.rpc(PING)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "mcp-session-id" not in answer.headers
        lines = answer.text.splitlines()
        assert lines[0] == "event: message"
        assert json.loads(lines[1].removeprefix("data: "))["id"] == 1
        assert (await running.rpc(PING, accept="application/json")).status_code == 406
        assert (await running.rpc("nonsense")).status_code == 400
        bearer = f"Bearer {await running.token()}"
        for method in ("GET", "DELETE"):
            refused = await running.ask(method, authorization=bearer)
            assert (refused.status_code, refused.json()) == (
                405,
                {"jsonrpc": "2.0", "error": {"code": -32000, "message": "Method not allowed."}, "id": None},
            )
            assert (await running.ask(method, "/nope", authorization=bearer)).status_code == 404
        assert (await running.ask("POST", "/nope", PING, authorization=bearer)).status_code == 404


async def test_agents_of_the_newest_protocol_are_served_too(tmp_path: Path) -> None:
    async with backend(tmp_path) as running:
        headers = {"authorization": f"Bearer {await running.token()}"}
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(running.url, http_client=http)) as agent,
        ):
            assert agent.protocol_version == LATEST_MODERN_VERSION
            assert [tool.name for tool in (await agent.list_tools()).tools] == ["lamps.look", "lamps.peek"]
            answer = await agent.call_tool("lamps.look", {"room": "stage"})
            assert answer.structured_content == {"room": "stage", "seenBy": ALICE}


def test_a_server_has_a_plain_key() -> None:
    with pytest.raises(ValidationError, match="lowercase alphanumeric"):
        McpSettings.model_validate({"servers": {"My Server": {}}})
