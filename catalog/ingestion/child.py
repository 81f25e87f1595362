"""A child process that does what takes processor time and needs no database, so that requests are not held up.

It is started when there is much to do, and let go when it has been idle for a while. `catalog.processing.worker` is its
program.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections import deque

from catalog.ingestion.frames import LENGTH_BYTES, UNANSWERED, frame

log = logging.getLogger(__name__)

PROGRAM = "catalog.processing.worker"
IDLE_S = 20.0
ANSWER_TIMEOUT_S = 120.0
AHEAD = 3
"""Questions that are with the child at a time: while an answer is fetched it has the next one in hand."""
BUFFER_BYTES = 1024 * 1024


class Child:
    """Answers questions in the order in which they are asked. Call `close()` at the end."""

    def __init__(self) -> None:
        self._talk: _Talk | None = None
        self._places = asyncio.Semaphore(AHEAD)
        self._starting = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, question: bytes) -> bytes | None:
        """The answer to a question, JSON both. None when the child has failed: then the asker does it himself."""
        async with self._places:
            self._stay()
            talk = None
            try:
                talk = await self._running()
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    answer = await talk.ask(question)
            except (OSError, EOFError, TimeoutError) as error:
                log.warning("the child process has failed (%s)", type(error).__name__)
                if talk is not None and talk is self._talk:
                    self._let_go()
                return None
            finally:
                if self._talk is not None and not self._talk.busy:
                    self._stay()
                    self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)
            return None if answer == UNANSWERED else answer

    async def close(self) -> None:
        async with self._starting:
            talk = self._talk
            self._let_go()
            if talk is not None:
                await talk.process.wait()

    async def _running(self) -> _Talk:
        async with self._starting:
            if self._talk is None or self._talk.process.returncode is not None:
                # -P: whatever lies in the working directory is not the program.
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    PROGRAM,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=BUFFER_BYTES,
                )
                self._talk = _Talk(process)
            return self._talk

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _let_go(self) -> None:
        talk, self._talk = self._talk, None
        self._stay()
        if talk is not None:
            talk.end()


class _Talk:
    """With one process, until it fails or is ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._asked: deque[asyncio.Future[bytes]] = deque()
        self._listening = asyncio.create_task(self._listen(), name="catalog-child")

    @property
    def busy(self) -> bool:
        return bool(self._asked)

    async def ask(self, question: bytes) -> bytes:
        """Whoever is cancelled meanwhile leaves an answer that nobody waits for. Raises EOFError when there is none."""
        if self.process.stdin is None or self._listening.done():
            raise EOFError
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self.process.stdin.write(frame(question))
        try:
            await self.process.stdin.drain()
            return await answer
        finally:
            answer.cancel()

    def end(self) -> None:
        self._listening.cancel()
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        # What is left in its pipe is read no more, and must not keep its transport open.
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._fail()

    async def _listen(self) -> None:
        answers = self.process.stdout
        try:
            while answers is not None:
                length = await answers.readexactly(LENGTH_BYTES)
                answer = await answers.readexactly(int.from_bytes(length, "big"))
                if not (asked := self._asked.popleft()).done():
                    asked.set_result(answer)
        except (OSError, EOFError):
            self._fail()

    def _fail(self) -> None:
        while self._asked:
            if not (asked := self._asked.popleft()).done():
                asked.set_exception(EOFError())
