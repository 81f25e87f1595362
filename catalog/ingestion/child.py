"""A child process that does what takes processor time and needs no database, so that requests are not held up.

It is started when there is much to do, and let go when it has been idle for a while. `catalog.processing.worker` is its
program.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys

from catalog.ingestion.frames import LENGTH_BYTES, UNANSWERED, frame

log = logging.getLogger(__name__)

PROGRAM = "catalog.processing.worker"
IDLE_S = 20.0
ANSWER_TIMEOUT_S = 120.0


class Child:
    """Answers one question at a time. Call `close()` at the end."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._busy = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, question: bytes) -> bytes | None:
        """The answer to a question, JSON both. None when the child has failed: then the asker does it himself."""
        async with self._busy:
            try:
                process = await self._running()
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    answer = await _exchange(process, frame(question))
            except (OSError, EOFError, TimeoutError) as error:
                log.warning("the child process has failed (%s)", type(error).__name__)
                self._let_go()
                return None
            except asyncio.CancelledError:
                # Its answer would be taken for that of the next question.
                self._let_go()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)
            return None if answer == UNANSWERED else answer

    async def close(self) -> None:
        async with self._busy:
            process = self._process
            self._let_go()
            if process is not None:
                await process.communicate()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._process is None or self._process.returncode is not None:
            # -P: whatever lies in the working directory is not the program.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", PROGRAM, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        return self._process

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def _exchange(process: asyncio.subprocess.Process, question: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(question)
    await process.stdin.drain()
    length = await process.stdout.readexactly(LENGTH_BYTES)
    return await process.stdout.readexactly(int.from_bytes(length, "big"))
