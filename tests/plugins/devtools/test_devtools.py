"""`/api/devtools`, and what its page for scheduled tasks asks the host. Source: spec/ui-backends.md §1.6, §13."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.database.sqlite import SqliteDatabase
from app.host import Host
from app.interfaces import DENY, Decision, Permission, PluginHost, Principal, ScheduledTask
from app.reading.outgoing import GuardedClient
from app.schedule.routes import scheduler_routes
from plugins.devtools.dependencies import pinged
from plugins.devtools.plugin import DevToolsPlugin
from tests.app.reading.web_server import Asked, reply, serving
from tests.plugins.house import opened

ZOE = "user:default/zoe"
SECRET = "canary-7f3a91"


class ClockworkPlugin:
    """Something that runs now and then."""

    id = "clockwork"

    def __init__(self) -> None:
        self.runs = asyncio.Event()

    def register(self, host: PluginHost) -> None:
        async def run() -> None:
            self.runs.set()

        host.schedule("clockwork", ScheduledTask("wind-up", run, timedelta(hours=1), initial_delay=timedelta(hours=1)))


@asynccontextmanager
async def house(
    folder: Path, config: dict[str, Any], policy: Any = None
) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    database = SqliteDatabase(folder / "callboard.sqlite")
    await database.start()
    outgoing = GuardedClient()
    async with opened(database, config, [DevToolsPlugin(), ClockworkPlugin()], folder=folder, outgoing=outgoing) as (
        host,
        client,
    ):
        host.framework(scheduler_routes(host.scheduler))
        if policy is not None:
            host.permissions.use_policy(policy)
        client.headers["authorization"] = f"Bearer {await host.auth.issue_user_token(ZOE, [ZOE])}"
        yield host, client
    await outgoing.close()
    await database.close()


async def test_the_page_says_what_runs_here(tmp_path: Path) -> None:
    async with house(tmp_path, {"devTools": {"info": {"packagePrefixes": ["pytest_"]}}}) as (_, client):
        info = (await client.get("/api/devtools/info")).json()
    assert set(info) == {"operatingSystem", "resourceUtilization", "nodeJsVersion", "backstageVersion", "dependencies"}
    assert "Linux" in info["operatingSystem"] and "MB - Load: " in info["resourceUtilization"]
    assert info["nodeJsVersion"].startswith("Python 3.")
    names = {one["name"]: one["versions"] for one in info["dependencies"]}
    assert {"callboard", "fastapi", "mcp", "pytest-asyncio"} <= set(names)
    assert "pytest" not in names and all(names.values())


async def test_the_configuration_is_shown_without_secrets(tmp_path: Path) -> None:
    config = {
        "app": {"title": "Night train"},
        "integrations": {"github": [{"host": "github.com", "token": SECRET}]},
        "proxy": {"endpoints": {"/ci": {"target": f"https://u:{SECRET}@ci", "headers": {"X-Odd": SECRET}}}},
        "backend": {
            "auth": {"externalAccess": [{"type": "static", "options": {"token": SECRET, "subject": "reader"}}]},
        },
    }
    async with house(tmp_path, config) as (_, client):
        answer = await client.get("/api/devtools/config")
    assert SECRET not in answer.text
    shown = answer.json()["config"]
    assert shown["app"]["title"] == "Night train"
    assert shown["integrations"]["github"] == [{"host": "github.com", "token": "<secret>"}]
    assert shown["backend"]["auth"]["externalAccess"][0]["options"] == {"token": "<secret>", "subject": "reader"}


async def test_services_are_asked_whether_they_are_there(tmp_path: Path) -> None:
    def answer(asked: Asked) -> bytes:
        return {"/ok": reply(b"fine"), "/moved": reply(b"", "302 Found", location="/ok")}.get(
            asked.path, reply(b"", "503 Service Unavailable")
        )

    async with serving(answer) as server:
        endpoints = [
            {"name": "good", "type": "fetch", "target": f"{server.url}/ok"},
            {"name": "moved", "type": "fetch", "target": f"{server.url}/moved"},
            {"name": "busy", "type": "fetch", "target": f"{server.url}/busy"},
            {"name": "gone", "type": "fetch", "target": "http://127.0.0.1:9/"},
            {"name": "odd", "type": "fetch", "target": "nonsense"},
            {"name": "here", "type": "ping", "target": "127.0.0.1"},
            {"name": "option", "type": "ping", "target": "-f"},
        ]
        config = {"devTools": {"externalDependencies": {"endpoints": endpoints}}}
        async with house(tmp_path, config) as (_, client):
            found = (await client.get("/api/devtools/external-dependencies")).json()
    assert [(one["name"], one["status"]) for one in found] == [
        ("good", "Healthy"),
        ("moved", "Healthy"),
        ("busy", "Unhealthy"),
        ("gone", "Unhealthy"),
        ("odd", "Unhealthy"),
        ("here", "Healthy"),
        ("option", "Unhealthy"),
    ]
    assert found[0] == {"name": "good", "type": "fetch", "target": f"{server.url}/ok", "status": "Healthy"}
    assert found[2]["error"] == "503 Service Unavailable"
    assert all(one["error"] for one in found if one["status"] == "Unhealthy")


async def test_without_the_program_a_host_is_there_that_answers_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert await pinged("127.0.0.1") is None
    assert await pinged("no-such-host.invalid") == "no-such-host.invalid - Unknown"
    assert "not the name" in str(await pinged("-c 1"))


async def test_nothing_configured_is_nothing_to_ask(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as (_, client):
        assert (await client.get("/api/devtools/external-dependencies")).json() == []
        health = await client.get("/api/devtools/health", headers={"authorization": ""})
        assert (health.status_code, health.json()) == (200, {"status": "ok"})


class Only:
    """Allows one permission."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return Decision("ALLOW") if permission.name == self.name else DENY


@pytest.mark.parametrize("name", ["info", "config", "external-dependencies"])
async def test_each_page_has_a_right_of_its_own(name: str, tmp_path: Path) -> None:
    async with house(tmp_path, {"permission": {"enabled": True}}, Only(f"devtools.{name}")) as (_, client):
        for page in ("info", "config", "external-dependencies"):
            answer = await client.get(f"/api/devtools/{page}")
            assert answer.status_code == (200 if page == name else 403), page
            if page != name:
                assert answer.json()["error"] == {"name": "NotAllowedError", "message": "Unauthorized"}
        listed = await client.get("/api/devtools/.well-known/backstage/permissions/metadata")
        assert {one["name"]: one["attributes"] for one in listed.json()["permissions"]} == {
            "devtools.administer": {"action": "read"},
            "devtools.info": {"action": "read"},
            "devtools.config": {"action": "read"},
            "devtools.external-dependencies": {"action": "read"},
            "devtools.scheduler.read": {"action": "read"},
            "devtools.scheduler.trigger": {"action": "update"},
        }


async def test_the_page_of_scheduled_tasks_finds_what_it_shows(tmp_path: Path) -> None:
    """The members are those that the stock page reads: the table, its detail panel, and its two buttons."""
    async with house(tmp_path, {}) as (host, client):
        base = "/api/clockwork/.backstage/scheduler/v1/tasks"
        host.mounts.of("clockwork")
        (task,) = (await client.get(base)).json()["tasks"]
        assert (task["taskId"], task["pluginId"], task["scope"]) == ("wind-up", "clockwork", "global")
        assert task["settings"]["cadence"] == "PT1H"
        assert {"taskState", "workerState"} <= set(task)
        running = asyncio.create_task(host.scheduler.run_global("ingest"))
        try:
            state = await once(client, base, "startsAt")
            assert state["status"] == "idle"
            assert (await client.post(f"{base}/wind-up/trigger")).status_code == 200
            assert (await once(client, base, "lastRunEndedAt"))["status"] == "idle"
            # Its messages come by status.
            assert (await client.post(f"{base}/wind-up/cancel")).status_code == 409
            assert (await client.post(f"{base}/nothing/cancel")).status_code == 404
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def once(client: httpx.AsyncClient, path: str, member: str) -> dict[str, Any]:
    """The first task's state, as soon as it has a member."""
    for _ in range(1000):
        state: dict[str, Any] = (await client.get(path)).json()["tasks"][0].get("taskState") or {}
        if state.get(member):
            return state
        await asyncio.sleep(0.01)
    raise AssertionError(f"there is no {member} after ten seconds")
