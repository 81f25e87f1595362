"""Commits a folder of the workspace and pushes it, again if need be. Source: spec/scaffolder.md §5.0
(initRepoAndPush)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from app.errors import CallboardError, InputError, NotAllowedError, NotFoundError, UnreachableError
from app.interfaces import GitCommit, Reading
from scaffolder.interfaces import ActionContext
from scaffolder.stopping import unless_cancelled, wait

TRIES: Final = 6
FIRST_DELAY_S: Final = 2.0
JITTER: Final = 0.1
PATIENCE_S: Final = 120.0
"""Seconds after which a push that fails is not tried again: a remote that hangs is not worth six time-outs."""
UNREACHABLE_TRIES: Final = 2
"""Pushes that a blocked port is given where there is another way."""

OtherWay = Callable[[], Coroutine[Any, Any, dict[str, Any]]]
"""Makes the commit where git does not get through; gives what `Pushing.push` gives."""


class Pushing:
    """`folders`: where remotes of type `file` may lie."""

    def __init__(self, reading: Reading, *, folders: Sequence[Path] = (), first_delay: float = FIRST_DELAY_S) -> None:
        self._reading = reading
        self._folders = folders
        self._first_delay = first_delay

    async def source(self, context: ActionContext) -> Path:
        """The folder that the action's `sourcePath` names. Asked before anything is made elsewhere.

        Raises InputError for one that is no folder, NotAllowedError for one outside.
        """
        source = await asyncio.to_thread(context.workspace.path, source_path(context.input.get("sourcePath")))
        if not await asyncio.to_thread(source.is_dir):
            raise InputError("Invalid source path")
        return source

    async def push(
        self,
        context: ActionContext,
        remote: str,
        commit: GitCommit,
        credentials: tuple[str, str] | None,
        *,
        otherwise: OtherWay | None = None,
    ) -> dict[str, Any]:
        """`{"sha", "changed"}`, from a checkpoint if it has been pushed before.

        `otherwise` is the way to go when connections of git are refused or cut. Raises what `source`, `otherwise` and
        `GitRemotes.publish` raise.
        """
        source = await self.source(context)

        async def run() -> dict[str, Any]:
            return await self._pushed(context, remote, source, commit, credentials, otherwise)

        return await context.checkpoint(f"push.git.{remote}.{commit.branch}", run)

    async def _pushed(
        self,
        context: ActionContext,
        remote: str,
        source: Path,
        commit: GitCommit,
        credentials: tuple[str, str] | None,
        otherwise: OtherWay | None,
    ) -> dict[str, Any]:
        delay, began = self._first_delay, time.monotonic()
        for left in reversed(range(TRIES)):
            context.raise_if_cancelled()
            try:
                push = self._reading.git.publish(remote, source, commit, credentials=credentials, folders=self._folders)
                done = await unless_cancelled(context, push)
            except (NotAllowedError, NotFoundError, InputError):
                raise
            except CallboardError as error:
                context.raise_if_cancelled()
                if otherwise is not None and isinstance(error, UnreachableError) and left <= TRIES - UNREACHABLE_TRIES:
                    await context.log.warn(f"git does not get through, another way is taken: {error.message}")
                    return await unless_cancelled(context, otherwise())
                if not left or time.monotonic() - began > PATIENCE_S:
                    raise
                await context.log.warn(f"The push failed and is tried again: {error.message}")
                await wait(context, delay * (1 + random.random() * JITTER))  # noqa: S311 - spreads load
                delay *= 2
            else:
                await context.log.info(f"Pushed {done.sha} to {commit.branch} of {remote}")
                return {"sha": done.sha, "changed": done.changed}
        raise AssertionError("the last try returns or raises")


def source_path(path: str | None) -> str:
    """A `sourcePath` as the reference takes it: leading `../` are dropped."""
    text = path or "."
    while text.startswith("../"):
        text = text[3:]
    return text
