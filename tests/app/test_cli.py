"""The command line, and the server as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import commands, take_option
from app.config import load_config
from app.main import create_host
from tests.app.test_host import Greeter, Guest

PROGRAM = """
import sys
from app import cli, main
from tests.app.test_host import Greeter, Guest
main.load_plugins = lambda: [Guest(), Greeter()]
cli.main(sys.argv[1:])
"""
ROOT = Path(__file__).parents[2]


def callboard(folder: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = callboard(folder, "serve", "--port", str(self.port), *arguments, **env)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/.backstage/health/v1/readiness").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.process.communicate(timeout=5))

    def end(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out

    def stop(self) -> tuple[int, list[dict[str, Any]]]:
        self.process.send_signal(signal.SIGTERM)
        code, out = self.end()
        return code, [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "app-config.yaml").write_text("backend: {listen: {host: 127.0.0.1}}\nsurplus: 1\n")
    yield tmp_path


def test_a_server_starts_serves_and_stops_with_one_line_of_json_for_each_thing_it_says(folder: Path) -> None:
    server = Server(folder)
    server.wait_until_ready()
    assert httpx.get(f"{server.url}/api/guest/greeting").status_code == 401
    code, lines = server.stop()
    assert code == 0
    assert {"level", "message", "plugin", "service"} <= set.intersection(*(set(line) for line in lines))
    messages = [line["message"] for line in lines]
    assert "The configuration key 'surplus' is not known here and ignored (app-config.yaml:2)" in messages
    assert any(message.startswith("GET /api/guest/greeting 401") for message in messages)
    assert any(message.startswith("Started in") for message in messages)


def test_a_request_under_way_is_answered_before_the_server_ends(folder: Path) -> None:
    server = Server(folder)
    server.wait_until_ready()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        # A body that is still to come keeps the request under way.
        connection.sendall(b"POST /api/guest/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        server.process.send_signal(signal.SIGTERM)
        connection.sendall(b"x")
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")
    assert server.end()[0] == 0


def test_with_a_delay_readiness_fails_while_requests_are_served(folder: Path) -> None:
    (folder / "app-config.yaml").write_text(
        "backend: {listen: ':7007', lifecycle: {serverShutdownDelay: 3s}, metrics: {public: true}}"
    )
    server = Server(folder)
    server.wait_until_ready()
    server.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 2
    while (answer := httpx.get(f"{server.url}/.backstage/health/v1/readiness")).status_code != 503:
        assert time.monotonic() < deadline
    assert answer.json()["message"] == "Backend is shutting down"
    assert httpx.get(f"{server.url}/metrics").status_code == 200
    assert server.end()[0] == 0


def test_a_wrong_configuration_is_told_in_one_line_and_is_exit_code_2(folder: Path) -> None:
    (folder / "app-config.yaml").write_text("backend:\n  listen:\n    port: many\n")
    process = callboard(folder, "serve")
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error.count("\n")) == (2, 1)
    assert "'backend.listen.port' must be a valid integer" in error
    assert error.endswith("(app-config.yaml:3)\n")


def test_a_database_that_cannot_be_opened_ends_the_server_with_exit_code_1(folder: Path) -> None:
    (folder / ".callboard").write_text("in the way")
    server = Server(folder)
    assert server.end()[0] == 1


def test_the_database_can_be_migrated_beforehand(folder: Path) -> None:
    for expected in ("Migrated the tables of 'host': auth_0001", "The database's schema is up to date"):
        process = callboard(folder, "migrate")
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert expected in [json.loads(line)["message"] for line in out.splitlines()]


def test_plugins_are_listed_and_bring_commands_that_use_the_running_host(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    host = create_host(load_config(env={}), roles=(), env={}, plugins=[Guest(), Greeter()])
    run = CliRunner().invoke
    assert run(commands(host), ["plugins", "list"]).output == "guest\ngreeter\n"
    assert run(commands(host), ["shout"]).output == "HELLO THERE\n"


@pytest.mark.parametrize(
    ("arguments", "values", "rest"),
    [
        (["serve"], [], ["serve"]),
        (["--config", "a", "serve", "--config=b", "--port", "1"], ["a", "b"], ["serve", "--port", "1"]),
        (["lint", "--", "--config", "a"], [], ["lint", "--", "--config", "a"]),
    ],
)
def test_configuration_files_are_named_anywhere_on_the_line(
    arguments: list[str], values: list[str], rest: list[str]
) -> None:
    assert take_option(arguments, "--config") == (values, rest)


def test_commands_work_beside_a_configuration_this_machine_cannot_complete(folder: Path) -> None:
    (folder / "app-config.yaml").write_text("backend: {$file: ./not-here.txt}")
    process = callboard(folder, "plugins", "list")
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "guest\ngreeter\n")
    assert error.startswith("callboard: going on without a configuration: app-config.yaml:1: cannot read")
    assert sorted(path.name for path in folder.iterdir()) == ["app-config.yaml"], "looking around leaves nothing behind"
    process = callboard(folder, "plugins", "list", "--config", "app-config.yaml")
    process.communicate(timeout=60)
    assert process.returncode == 2
