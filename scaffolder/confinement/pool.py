"""Runs confined jobs: a warm mother process, a child for each job, and what comes back from it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from app.confinement.failures import JobError as JobError
from app.confinement.failures import failure
from app.confinement.limits import LIMITS, LimitReachedError, Limits
from app.errors import InputError, ServiceUnavailableError
from app.interfaces import Json
from scaffolder.confinement.calls import packed_value, unpacked_value
from scaffolder.confinement.frames import packed, size_of, unpacked
from scaffolder.interfaces import ScaffolderExtensions

START_TIMEOUT_S: Final = 60.0
LAST_WORD_S: Final = 5.0
"""How long the mother may take to tell how a child ended."""
HOOK_PROCESSES: Final = 4096
"""Trusted hooks are programs. The kernel counts all processes of the user."""
_BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from scaffolder.confinement.zygote import main; main(int(sys.argv[1]))"
)


class ConfinedJobs:
    """Runs named jobs in confined children; see `scaffolder.confinement.child.JOBS` for the names.

    `extensions` gives the filters and globals that templates may use: they live here, and a rendering child asks for
    each call. `isolated` says, once started, whether the kernel let us take the network away.
    """

    def __init__(
        self,
        extensions: Callable[[], ScaffolderExtensions] = ScaffolderExtensions,
        *,
        limits: Limits = LIMITS,
        concurrency: int | None = None,
    ) -> None:
        self.limits = limits
        self.isolated: bool | None = None
        self._extensions = extensions
        self._slots = asyncio.Semaphore(concurrency or max(2, os.cpu_count() or 2))
        self._starting = asyncio.Lock()
        self._mother: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._number = 0
        self._ends: dict[int, asyncio.Future[int]] = {}

    async def start(self) -> None:
        """Start the mother process, unless she is there. The first job would do it otherwise."""
        async with self._starting:
            if self._mother is not None and self._mother.poll() is None and self._control is not None:
                return
            await self.stop()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.setblocking(False)
            try:
                self._mother = await asyncio.to_thread(_launched, theirs)
                loop = asyncio.get_running_loop()
                async with asyncio.timeout(START_TIMEOUT_S):
                    ready = await loop.sock_recv(ours, 256)
            except BaseException:
                ours.close()
                raise
            finally:
                theirs.close()
            if not ready:
                ours.close()
                raise ServiceUnavailableError("The process for confined jobs does not start")
            self.isolated = ready == b"ready 1"
            self._control = ours
            loop.add_reader(ours, self._heard, ours)

    async def stop(self) -> None:
        """End the mother and all jobs."""
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)
            control.close()
        mother, self._mother = self._mother, None
        if mother is not None:
            # Her control socket is closed, so that she kills her children and goes.
            try:
                await asyncio.to_thread(mother.wait, LAST_WORD_S)
            except subprocess.TimeoutExpired:
                mother.kill()
                await asyncio.to_thread(mother.wait)
        self._forget()

    async def __call__(self, job: str, arguments: Mapping[str, Json]) -> Json:
        """`run` with the usual limits: what `ActionContext.confined` is backed by."""
        return await self.run(job, arguments)

    async def run(self, job: str, arguments: Mapping[str, Json], *, limits: Limits | None = None) -> Json:
        """Do one job. Cancelled, it takes the child's whole process group with it.

        Raises:
            LimitReachedError: which limit was hit.
            CallboardError: what the job failed with, by its own class or name.
            ServiceUnavailableError: the child died of something else.
        """
        bounds = limits or self.limits
        if limits is None and job == "cookiecutter" and arguments.get("hooks"):
            bounds = replace(bounds, processes=HOOK_PROCESSES)
        async with self._slots:
            await self.start()
            with tempfile.TemporaryDirectory(prefix="confined-") as directory:
                request = {"job": job, "arguments": arguments, "limits": bounds.plain(), "directory": directory}
                frame = packed(request)
                async with self._child() as (number, reader, writer):
                    try:
                        async with asyncio.timeout(bounds.time):
                            writer.write(frame)
                            await writer.drain()
                            answer = await self._conversation(reader, writer)
                    except TimeoutError:
                        raise LimitReachedError(job, "time", bounds.time) from None
                    except (asyncio.IncompleteReadError, ConnectionError):
                        answer = {"limit": await self._death(number)}
        if "done" in answer:
            return answer["done"]
        if limit := answer.get("limit"):
            raise LimitReachedError(job, limit, getattr(bounds, limit))
        raise failure(*answer["failed"])

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[tuple[int, asyncio.StreamReader, asyncio.StreamWriter]]:
        """A child with our end of its connection; it is dead afterwards."""
        ours, theirs = socket.socketpair()
        self._number += 1
        number = self._number
        assert self._control is not None
        self._ends[number] = asyncio.get_running_loop().create_future()
        try:
            with theirs:
                socket.send_fds(self._control, [b"start %d" % number], [theirs.fileno()])
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            ours.close()
            self._kill(number)
            raise
        try:
            yield number, reader, writer
        finally:
            self._kill(number)
            writer.close()
            # A child on its way out may still write; nobody reuses its folder before it has gone.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_S):
                    await asyncio.shield(self._ends[number])
            self._ends.pop(number, None)

    def _kill(self, number: int) -> None:
        if self._control is not None and not self._ends[number].done():
            with contextlib.suppress(OSError):
                self._control.send(b"kill %d" % number)

    async def _conversation(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        """Answer the child's calls until it has done."""
        while True:
            size = size_of(await reader.readexactly(4))
            message: dict[str, Any] = unpacked(await reader.readexactly(size))
            if "call" not in message:
                return message
            kind, name = message["call"]
            writer.write(packed(await self._called(kind, name, message["given"])))
            await writer.drain()

    async def _called(self, kind: str, name: str, given: list[list[Json]]) -> dict[str, Any]:
        extensions = self._extensions()
        try:
            function: Callable[..., Any] | None = (
                extensions.filters[name].apply if kind == "filter" else extensions.globals[name].call
            )
            if function is None:
                raise InputError(f"{name} is not a function")
            value = function(*(unpacked_value(one) for one in given))
            if inspect.isawaitable(value):
                value = await value
            answer = {"value": packed_value(value)}
            json.dumps(answer)
        except Exception as error:  # noqa: BLE001 - a plugin's failure is an error of the template
            return {"failed": str(error)}
        return answer

    async def _death(self, number: int) -> str:
        """Which limit a child died of that sent no answer."""
        try:
            async with asyncio.timeout(LAST_WORD_S):
                status = await asyncio.shield(self._ends[number])
        except TimeoutError:
            status = 0
        if os.WIFSIGNALED(status):
            limit = {signal.SIGXCPU: "cpu", signal.SIGXFSZ: "file_size"}.get(signal.Signals(os.WTERMSIG(status)))
            # RLIMIT_CPU ends in SIGKILL where soft and hard bound are one.
            if limit or os.WTERMSIG(status) == signal.SIGKILL:
                return limit or "cpu"
            if os.WTERMSIG(status) in (signal.SIGSEGV, signal.SIGABRT):
                return "memory"
        raise ServiceUnavailableError("A confined job ended without an answer")

    def _heard(self, control: socket.socket) -> None:
        try:
            message = control.recv(256)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            # The mother has died; the next job starts another one.
            asyncio.get_running_loop().remove_reader(control)
            control.close()
            if self._control is control:
                self._control = None
            self._forget()
            return
        _, number, status = message.split()
        ended = self._ends.get(int(number))
        if ended is not None and not ended.done():
            ended.set_result(int(status))

    def _forget(self) -> None:
        for ended in self._ends.values():
            if not ended.done():
                ended.set_result(0)


def _launched(control: socket.socket) -> subprocess.Popen[bytes]:
    """Her environment is empty, her working directory the root, her only open file the control socket."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-I", "-c", _BOOT, str(control.fileno()), json.dumps([path for path in sys.path if path])],
        pass_fds=[control.fileno()],
        env={},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
