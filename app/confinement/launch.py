"""One piece of work in a fresh confined interpreter, with its words passed on as it says them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from app.confinement.failures import failure
from app.confinement.limits import LIMITS, LimitReachedError, Limits
from app.errors import ServiceUnavailableError
from app.interfaces import Json

MAX_ANSWER: Final = 16 * 1024 * 1024
MAX_LINE: Final = 64 * 1024
WATCH_S: Final = 0.5
"""How often what has been written is counted: the kernel bounds single files, nobody all of them together."""
_BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from app.confinement.inside import main; main(int(sys.argv[1]))"
)
_DEADLY: Final = {
    signal.SIGXCPU: "cpu",
    signal.SIGXFSZ: "file_size",
    signal.SIGSEGV: "memory",
    signal.SIGABRT: "memory",
}


async def run_confined(
    work: str,
    arguments: Json,
    *,
    read: Sequence[Path] = (),
    write: Sequence[Path] = (),
    limits: Limits = LIMITS,
    said: Callable[[str], None] = lambda _line: None,
) -> Json:
    """Call a function, named as `package.module:function`, with JSON arguments in a child process; gives its JSON.

    The child sees the folders `read` and `write`, Python and the system's libraries, and has a temporary folder as its
    home. `said` gets each line it writes to its standard output or error. Cancelled, it takes the child with it.

    Raises:
        LimitReachedError: which limit was hit.
        CallboardError: what the work failed with, by its own class or name.
        ServiceUnavailableError: the child died of something else.
    """
    with tempfile.TemporaryDirectory(prefix="confined-") as home:
        request = {
            "work": work,
            "arguments": arguments,
            "read": [str(path) for path in read],
            "write": [home, *(str(path) for path in write)],
            "limits": limits.plain(),
        }
        async with _child(home) as (process, answers):
            watch = asyncio.ensure_future(_watch([Path(home), *write], limits))
            conversation = asyncio.ensure_future(_conversation(process, answers, json.dumps(request).encode(), said))
            try:
                async with asyncio.timeout(limits.time):
                    await asyncio.wait({watch, conversation}, return_when=asyncio.FIRST_COMPLETED)
                if watch.done() and not conversation.done():
                    raise LimitReachedError(work, watch.result(), getattr(limits, watch.result()))
                answer = conversation.result()
            except TimeoutError:
                raise LimitReachedError(work, "time", limits.time) from None
            finally:
                for task in (watch, conversation):
                    task.cancel()
                await asyncio.gather(watch, conversation, return_exceptions=True)
    if "done" in answer:
        return answer["done"]
    if limit := answer.get("limit"):
        raise LimitReachedError(work, limit, getattr(limits, limit))
    raise failure(*answer["failed"])


@asynccontextmanager
async def _child(home: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """The child, and what it answers through a pipe of its own. It and all it started are dead afterwards."""
    ours, theirs = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOT),
            *(str(theirs), json.dumps([path for path in sys.path if path])),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=[theirs],
            env={"HOME": home, "TMPDIR": home, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd=home,
            start_new_session=True,
            limit=MAX_LINE,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    answers = asyncio.StreamReader(limit=MAX_ANSWER)
    pipe = os.fdopen(ours, "rb")
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(answers), pipe
    )
    try:
        yield process, answers
    finally:
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(process.pid, signal.SIGKILL)
        transport.close()
        await process.wait()


async def _conversation(
    process: asyncio.subprocess.Process, answers: asyncio.StreamReader, request: bytes, said: Callable[[str], None]
) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(request)
        await process.stdin.drain()
        process.stdin.close()
    listening = asyncio.ensure_future(_listen(process.stdout, said))
    try:
        answer = await answers.read(MAX_ANSWER)
        while part := await answers.read(MAX_ANSWER):
            answer += part
            if len(answer) > MAX_ANSWER:
                raise ServiceUnavailableError("A confined job sent an oversized answer")
        await listening
    finally:
        listening.cancel()
    if answer:
        message: dict[str, Any] = json.loads(answer)
        return message
    status = await process.wait()
    # Its processor time ends in SIGKILL where soft and hard bound are one; nobody else sends that.
    limit = _DEADLY.get(signal.Signals(-status), "cpu" if status == -signal.SIGKILL else None) if status < 0 else None
    if limit is None:
        raise ServiceUnavailableError("A confined job ended without an answer")
    return {"limit": limit}


async def _listen(output: asyncio.StreamReader, said: Callable[[str], None]) -> None:
    while True:
        try:
            line = await output.readline()
        except ValueError:
            continue  # Longer than anybody reads; what is left of it comes as a line of its own.
        if not line:
            return
        said(line.decode("utf-8", "replace").rstrip())


async def _watch(folders: Sequence[Path], limits: Limits) -> str:
    """Returns the name of the limit that the folders' contents have gone beyond."""
    while True:
        await asyncio.sleep(WATCH_S)
        files, size = await asyncio.to_thread(_measured, folders)
        if files > limits.files:
            return "files"
        if size > limits.bytes:
            return "bytes"


def _measured(folders: Sequence[Path]) -> tuple[int, int]:
    files = size = 0
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                with contextlib.suppress(OSError):
                    size += os.lstat(os.path.join(where, name)).st_blocks * 512  # noqa: PTH118 - hot
                    files += 1
    return files, size
