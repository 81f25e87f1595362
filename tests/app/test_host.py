"""The host as plugins see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import typer
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from typer.testing import CliRunner

from app.cli import commands as commands_of
from app.config import ConfigError, LayeredConfig
from app.config.nodes import Node, Place
from app.host import Host
from app.http.application import Application
from app.interfaces import JsonBytes, PluginHost, ScheduledTask, caller
from app.main import create_app, create_host
from app.telemetry import metrics


class Greeting(Protocol):
    def greet(self) -> str: ...


@dataclass
class Words:
    all: list[str] = field(default_factory=list)


class Greeter:
    id = "greeter"

    def __init__(self) -> None:
        self.said: list[str] = []

    def greet(self) -> str:
        return " ".join(self.said)

    def register(self, host: PluginHost) -> None:
        words = host.extension(Words)
        host.provide(Greeting, self)

        async def start() -> None:
            self.said = sorted(words.all)

        host.on_start(start)


class Guest:
    id = "guest"

    def register(self, host: PluginHost) -> None:
        host.extension(Words).all += ["hello", "there"]
        routes = APIRouter()

        @routes.get("/greeting")
        async def greeting(request: Request) -> Response:
            return JsonBytes(f'["{host.service(Greeting).greet()}", "{caller(request).kind}"]'.encode())

        host.mount("guest", routes)

        async def nothing() -> None:
            return None

        host.schedule("guest", ScheduledTask("tidy", nothing, timedelta(hours=1)))
        commands = typer.Typer()

        @commands.command()
        def shout() -> None:
            typer.echo(host.run(self._shout(host)))

        host.commands(commands)

    def _shout(self, host: PluginHost) -> Callable[[], Any]:
        async def work() -> str:
            return host.service(Greeting).greet().upper()

        return work


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def app_of(folder: Path) -> Iterator[Callable[..., Application]]:
    def build(config: str = "", plugins: list[Any] | None = None, **options: Any) -> Application:
        (folder / "app-config.yaml").write_text(config)
        return create_app(plugins=[Guest(), Greeter()] if plugins is None else plugins, env={}, **options)

    yield build


def client(app: Application) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callboard.test")


STATIC = """
backend:
  auth:
    externalAccess:
      - type: static
        options: {token: a-static-token, subject: ci}
"""
TOKEN = {"authorization": "Bearer a-static-token"}


async def test_plugins_meet_by_ports_and_extensions_in_any_order(app_of: Any) -> None:
    for plugins in ([Guest(), Greeter()], [Greeter(), Guest()]):
        app = app_of(STATIC, plugins)
        await app.start()
        async with client(app) as http:
            answer = await http.get("/api/guest/greeting", headers=TOKEN)
            assert answer.json() == ["hello there", "service"]
        await app.stop()


@pytest.mark.parametrize("config", ["", "backend: {auth: {}}", "app: {title: x}"])
async def test_without_a_word_in_the_configuration_credentials_are_demanded(app_of: Any, config: str) -> None:
    app = app_of(config)
    await app.start()
    async with client(app) as http:
        for path in (
            "/api/guest/greeting",
            "/api/guest/nothing",
            "/api/guest/openapi.json",
            "/api/guest/.backstage/scheduler/v1/tasks",
            "/api/guest/.well-known/backstage/permissions/metadata",
            "/metrics",
        ):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["error"]["message"]) == (401, "Missing credentials"), path
        assert (await http.get("/.backstage/health/v1/readiness")).status_code == 200
    await app.stop()


async def test_every_mount_has_the_frameworks_endpoints(app_of: Any) -> None:
    app = app_of(STATIC)
    await app.start()
    async with client(app) as http:
        assert (await http.get("/api/guest/.backstage/auth/v1/jwks.json")).status_code == 200
        tasks = await http.get("/api/guest/.backstage/scheduler/v1/tasks", headers=TOKEN)
        assert [task["taskId"] for task in tasks.json()["tasks"]] == ["tidy"]
        metadata = await http.get("/api/guest/.well-known/backstage/permissions/metadata", headers=TOKEN)
        assert metadata.json() == {"permissions": [], "rules": []}
        scraped = await http.get("/metrics", headers=TOKEN)
        assert (scraped.status_code, scraped.headers["content-type"]) == (200, metrics.CONTENT_TYPE)
        assert "http_server_request_duration_seconds" in scraped.text
    await app.stop()


async def test_metrics_can_be_made_public(app_of: Any) -> None:
    app = app_of("backend: {metrics: {public: true}}")
    await app.start()
    async with client(app) as http:
        assert (await http.get("/metrics")).status_code == 200
    await app.stop()


async def test_a_process_without_the_api_role_serves_health_alone(app_of: Any) -> None:
    app = app_of(STATIC, roles=["worker"])
    await app.start()
    async with client(app) as http:
        assert (await http.get("/api/guest/greeting", headers=TOKEN)).status_code == 404
        assert (await http.get("/.backstage/health/v1/readiness")).status_code == 200
    await app.stop()


async def test_unknown_keys_are_warned_of_once_each(app_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = app_of("backend: {listen: ':7007', lisen: x}\nproxy: {endpoints: {a: 1, b: 2}}")
    await app.start()
    await app.stop()
    warned = [record.getMessage() for record in caplog.records if "is not known here" in record.getMessage()]
    assert warned == [
        "The configuration key 'backend.lisen' is not known here and ignored (app-config.yaml:1)",
        "The configuration key 'proxy' is not known here and ignored (app-config.yaml:2)",
    ]


def test_a_wrong_type_stops_the_start(app_of: Any) -> None:
    with pytest.raises(ConfigError, match=r"'backend\.listen\.port' must be .* \(app-config\.yaml:2\)"):
        app_of("backend:\n  listen: {port: x}")


async def test_a_start_that_fails_says_why_and_stops_cleanly(app_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        id = "broken"

        def register(self, host: PluginHost) -> None:
            async def start() -> None:
                raise RuntimeError("no luck today")

            host.on_start(start)

    app = app_of("", [Broken()])
    await app.start()
    assert str(app.start_error) == "no luck today"
    assert "no luck today" in caplog.text
    await app.stop()


async def test_data_is_kept_below_the_working_directory(app_of: Any, folder: Path) -> None:
    app = app_of("")
    await app.start()
    await app.stop()
    assert (folder / ".callboard" / "callboard.sqlite").is_file()
    assert (folder / ".callboard").stat().st_mode & 0o077 == 0


def test_a_port_has_one_provider_and_a_plugin_one_name(app_of: Any) -> None:
    class Second(Guest):
        def register(self, host: PluginHost) -> None:
            host.provide(Greeting, Greeter())

    second = Second()
    second.id = "second"
    with pytest.raises(ValueError, match="Greeting is offered twice"):
        app_of("", [Greeter(), second])
    with pytest.raises(ValueError, match="two plugins 'greeter'"):
        app_of("", [Greeter(), Greeter()])
    host: Host = app_of("", []).state.host
    with pytest.raises(LookupError, match="no plugin offers Greeting"):
        host.service(Greeting)


def test_serving_makes_no_commands_of_plugins(folder: Path) -> None:
    made: list[str] = []

    class Commanding:
        id = "commanding"

        def register(self, host: PluginHost) -> None:
            def commands() -> typer.Typer:
                made.append("commands")
                group = typer.Typer()
                group.command("shout")(lambda: typer.echo("HELLO"))
                return group

            host.commands(commands, name="loud")

    host = create_host(LayeredConfig(Node({}, Place("defaults", 0))), roles=(), plugins=[Commanding()])
    shown = CliRunner().invoke(commands_of(host, alone=True), ["--help"]).output
    assert "serve" in shown
    assert "loud" not in shown
    assert made == []
    assert [group.name for group in commands_of(host).registered_groups] == ["plugins", "loud"]
    assert made == ["commands"]
