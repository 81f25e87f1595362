"""The scaffolder's API as the benchmark uses it: connections that stay open, and streams that are read line by line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from benchmarks.servers import TOKEN

_HEADERS = f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
_TASKS = "/api/scaffolder/v2/tasks"


class Api:
    """One server. Each request waits for a free connection."""

    def __init__(self, host: str, *, connections: int) -> None:
        self.host = host
        self._free: asyncio.Queue[_Connection] = asyncio.Queue()
        for _ in range(connections):
            self._free.put_nowait(_Connection(host))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        while not self._free.empty():
            self._free.get_nowait().close()

    async def create(self, template: str, values: dict[str, Any]) -> str:
        """Give a task's id. Raises RuntimeError: it was not taken."""
        body = json.dumps({"templateRef": f"template:default/{template}", "values": values}).encode()
        status, answer = await self._request("POST", _TASKS, body)
        if status != 201:
            raise RuntimeError(f"no task was made: {status} {answer!r}")
        return str(json.loads(answer)["id"])

    async def create_many(self, template: str, values: Sequence[dict[str, Any]]) -> None:
        await asyncio.gather(*(self.create(template, one) for one in values))

    async def completed(self) -> int:
        """How many tasks have ended well; one that has not is a mistake of the benchmark."""
        status, answer = await self._request("GET", f"{_TASKS}?limit=1&status=completed&status=failed")
        if status != 200:
            raise RuntimeError(f"tasks cannot be counted: {status} {answer!r}")
        found = json.loads(answer)
        if any(task["status"] == "failed" for task in found["tasks"]):
            raise RuntimeError(f"a task has failed: {found['tasks'][0]['id']}")
        return int(found["totalTasks"])

    async def exists(self, template: str) -> bool:
        path = f"/api/scaffolder/v2/templates/default/template/{template}/parameter-schema"
        return (await self._request("GET", path))[0] == 200

    async def _request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        connection = await self._free.get()
        try:
            return await connection.request(method, path, body)
        finally:
            self._free.put_nowait(connection)


class _Connection:
    def __init__(self, host: str) -> None:
        self._host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
        try:
            reader, status, headers = await self._asked(head.encode() + body)
        except ConnectionError:
            # Servers close connections that have been idle for some seconds.
            self.close()
            reader, status, headers = await self._asked(head.encode() + body)
        if "content-length" in headers:
            return status, await reader.readexactly(int(headers["content-length"]))
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return status, b"".join(parts)

    async def _asked(self, wire: bytes) -> tuple[asyncio.StreamReader, int, dict[str, str]]:
        if self._streams is None:
            self._streams = await _opened(self._host)
        reader, writer = self._streams
        writer.write(wire)
        return reader, *await _head(reader)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class TaskStream:
    """The server-sent events of one task."""

    def __init__(self, api: Api, task: str) -> None:
        self._host, self._task = api.host, task
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    async def open(self) -> None:
        self._streams = reader, writer = await _opened(self._host)
        head = f"GET {_TASKS}/{self._task}/eventstream HTTP/1.1\r\nHost: {self._host}\r\n{_HEADERS}\r\n"
        writer.write(head.encode())
        status, _ = await _head(reader)
        if status != 200:
            raise RuntimeError(f"events cannot be watched: {status}")

    async def first(self) -> None:
        """Returns when there is a first event."""
        await self._event()

    async def completion(self) -> float:
        """When, by the loop's clock, the task's end was told."""
        while await self._event() != b"completion":
            pass
        return asyncio.get_running_loop().time()

    async def _event(self) -> bytes:
        assert self._streams is not None
        # Chunk sizes stand on lines of their own between the events', and are passed over.
        while line := await self._streams[0].readline():
            if line.startswith(b"event: "):
                return line.removeprefix(b"event: ").strip()
        raise RuntimeError(f"the stream of {self._task} has ended early")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def _opened(host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    name, _, port = host.partition(":")
    # Lines of 2000 files' names may be long.
    return await asyncio.open_connection(name, int(port), limit=1 << 24)


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first = await reader.readline()
    if not first:
        raise ConnectionResetError
    status = int(first.split()[1])
    headers: dict[str, str] = {}
    while line := (await reader.readline()).strip().decode():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers
