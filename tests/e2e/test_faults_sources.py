"""A host of descriptors that fails in every way: what was read stays, the status says why, and it heals by itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.faults import HTTP, callboard, description, entity, sqlite_in, until

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("faults-sources")]

SICK = {
    "broken": "500 Internal Server Error",
    "busy": "429 Too Many Requests",
    "half": "could not be read",
    "chunk": "could not be read",
    "nothing": "could not be read",
    "garbage": "could not be read",
}
"""How the host fails, and what the status of the location has to say of it."""


class Host:
    """Serves one descriptor per path, well or in one of the ways of `SICK`; or does not answer at all."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.version = 1
        self.sick = False
        self.released = threading.Event()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}.yaml"

    def body(self, name: str) -> bytes:
        children = "".join(
            f"---\n{json.dumps(descriptor(one, self.version))}\n" for one in (name, f"{name}-2", f"{name}-3")
        )
        return children.encode()

    def answer(self, handler: BaseHTTPRequestHandler, name: str) -> None:
        body = self.body(name)
        handler.close_connection = True
        if not self.sick or name == "well":
            handler.send_response(200)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        elif name in ("broken", "busy"):
            handler.send_response(500 if name == "broken" else 429)
            handler.send_header("retry-after", "3600")
            handler.end_headers()
            # An error page that would be a fine descriptor: it must not be taken for one.
            handler.wfile.write(json.dumps(descriptor("imposter", 1)).encode())
        elif name == "half":
            handler.send_response(200)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: body.index(b"---", 4)])
        elif name == "chunk":
            handler.send_response(200)
            handler.send_header("transfer-encoding", "chunked")
            handler.end_headers()
            part = body[: body.index(b"---", 4)]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        elif name == "garbage":
            handler.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n")
        elif name == "silent":
            self.released.wait(60)


def descriptor(name: str, version: int) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name, "description": f"version {version}"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
    }


@contextmanager
def hosted() -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host.answer(self, self.path.strip("/").removesuffix(".yaml"))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host = Host(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


async def test_a_host_that_fails_loses_nothing_and_is_read_again_when_it_is_well(tmp_path: Path) -> None:
    names = [*SICK, "silent", "well"]
    with hosted() as host:
        server = callboard(
            tmp_path,
            sqlite_in(tmp_path / "db"),
            [("url", host.url(name)) for name in names],
            reading={"allow": [{"host": f"127.0.0.1:{host.port}"}]},
        ).start()
        refs = [f"component:default/{name}{tail}" for name in names for tail in ("", "-2", "-3")]
        try:
            await until("all is in", lambda: [description(server, ref) for ref in refs] == ["version 1"] * len(refs))
            locations = {
                one["spec"]["target"]: f"location:default/{one['metadata']['name']}"
                for one in HTTP.get(f"{server.url}/api/catalog/entities", params={"filter": "kind=location"}).json()
            }

            def status(name: str) -> list[str]:
                found = entity(server, locations[host.url(name)])
                assert found is not None
                return [item["message"] for item in found.get("status", {}).get("items", [])]

            assert [status(name) for name in names] == [[]] * len(names)
            host.version, host.sick = 2, True
            for name, why in SICK.items():
                await until(f"the status of {name} says why", partial(status, name))
                (message,) = status(name)
                assert why in message, message
                assert str(host.port) in message
            # One source that does not answer at all keeps nobody else waiting.
            await until("the good source is followed", lambda: description(server, refs[-1]) == "version 2")
            began = time.monotonic()
            sick = [ref for ref in refs if "/well" not in ref]
            assert [description(server, ref) for ref in sick] == ["version 1"] * len(sick)
            assert time.monotonic() - began < 10
            assert entity(server, "component:default/imposter") is None

            host.sick, host.version = False, 3
            host.released.set()
            await until("all is well", lambda: [description(server, ref) for ref in refs] == ["version 3"] * len(refs))
            await until("no status complains", lambda: not any(status(name) for name in names))
        finally:
            server.stop()


async def test_a_host_that_was_away_from_the_beginning_is_read_when_it_comes(tmp_path: Path) -> None:
    with hosted() as host:
        host.sick = True
        server = callboard(
            tmp_path,
            sqlite_in(tmp_path / "db"),
            [("url", host.url(name)) for name in SICK],
            reading={"allow": [{"host": f"127.0.0.1:{host.port}"}]},
        ).start()
        try:

            def failed() -> dict[str, list[str]]:
                rows = HTTP.get(f"{server.url}/api/catalog/entities/unprocessed/failed").json()["entities"]
                return {row["location_key"]: [error["message"] for error in row["errors"]] for row in rows}

            await until("all have failed", lambda: len(failed()) == len(SICK))
            for name, why in SICK.items():
                (message,) = failed()[f"url:{host.url(name)}"]
                assert why in message
            host.sick = False
            await until("all is in", lambda: all(description(server, f"component:default/{name}-3") for name in SICK))
            assert failed() == {}
        finally:
            server.stop()
