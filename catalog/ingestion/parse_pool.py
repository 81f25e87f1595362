"""Where descriptors are parsed: a few at once here, many at once in a child process, so that requests are not held up.

The child is started when there is much to parse, and let go when it has been idle for a while. Should it die, what
it was asked is parsed here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence

from app.errors import CallboardError
from catalog.ingestion.parse_worker import LENGTH_BYTES, asked
from catalog.ingestion.parsing import parse_entities
from catalog.interfaces import Entity
from catalog.store.documents import load_json

log = logging.getLogger(__name__)

Document = Entity | CallboardError
Texts = Sequence[tuple[str, bytes]]
"""Location refs and contents."""

MANY_BYTES = 32 * 1024
"""From here on the child parses."""
FRAME_BYTES = 256 * 1024
"""About so much is asked at a time."""
IDLE_S = 20.0
ANSWER_TIMEOUT_S = 120.0


class ParsePool:
    """Call `close()` at the end."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._busy = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def parse(self, texts: Texts) -> list[list[Document]]:
        """The documents of each text, with an error in the place of each bad one."""
        if sum(len(content) for _, content in texts) < MANY_BYTES:
            return [_here(location, content) for location, content in texts]
        parsed: list[list[Document]] = []
        for part in _parts(texts):
            parsed += await self._in_child(part)
        return parsed

    async def close(self) -> None:
        async with self._busy:
            self._let_go()

    async def _in_child(self, texts: Texts) -> list[list[Document]]:
        question = asked(list(texts))
        async with self._busy:
            try:
                child = await self._running()
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    answer = await _exchange(child, question)
            except (OSError, EOFError, TimeoutError) as error:
                log.warning("the parsing process has failed (%s)", type(error).__name__)
                self._let_go()
                answer = None
            except asyncio.CancelledError:
                # Its answer would be taken for that of the next question.
                self._let_go()
                raise
            else:
                self._rest()
        if answer is None:
            return [_here(location, content) for location, content in texts]
        documents = load_json(answer)
        return [[_document(one) for one in found] for found in documents]

    async def _running(self) -> asyncio.subprocess.Process:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "catalog.ingestion.parse_worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        return self._child

    def _rest(self) -> None:
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)

    def _let_go(self) -> None:
        child, self._child = self._child, None
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()


async def _exchange(child: asyncio.subprocess.Process, question: bytes) -> bytes:
    if child.stdin is None or child.stdout is None:
        raise EOFError
    child.stdin.write(question)
    await child.stdin.drain()
    length = await child.stdout.readexactly(LENGTH_BYTES)
    return await child.stdout.readexactly(int.from_bytes(length, "big"))


def _here(location: str, content: bytes) -> list[Document]:
    return list(parse_entities(content, location))


def _document(found: Entity | list[str]) -> Document:
    return found if isinstance(found, dict) else CallboardError(found[0])


def _parts(texts: Texts) -> list[list[tuple[str, bytes]]]:
    parts: list[list[tuple[str, bytes]]] = [[]]
    size = 0
    for location, content in texts:
        if size > FRAME_BYTES:
            parts.append([])
            size = 0
        parts[-1].append((location, content))
        size += len(content)
    return parts
