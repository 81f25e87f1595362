"""One claimed task on this worker: its secrets opened, its workspace made, its steps run, its end written."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from app.confinement.failures import system_text
from app.errors import CallboardError, name_of
from app.interfaces import Database, Principal
from app.together import Together
from scaffolder.interfaces import Workspace
from scaffolder.secrets.masking import Mask
from scaffolder.secrets.sealing import Seal, SealBrokenError
from scaffolder.tasks.initiator import initiator_of
from scaffolder.tasks.journal import Journal, TaskJournal
from scaffolder.tasks.queue import Claim
from scaffolder.tasks.snapshots import WorkspaceTooLargeError, pack, unpack
from scaffolder.tasks.telling import Telling
from scaffolder.workflow import Cancellation, Engine, Job, LeaseLostError, Outcome, Permitted
from scaffolder.workflow.engine import error_body, masked_error
from scaffolder.workflow.metrics import Result, observe_task

log = logging.getLogger(__name__)

_TASK_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Permissions = Callable[[Principal], Awaitable[Permitted]]
"""What an initiator may run, asked once per task."""
Workspaces = Callable[[Path], Workspace]


class WorkspaceLostError(CallboardError):
    """The files that finished steps have made are gone with the worker that made them."""

    name = "Error"


class _FailedError(CallboardError):
    """Tells the audit log of a task that failed in its own way."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        # The name the error has, which may be any.
        vars(self)["name"] = name_of(error)


class RunningTask:
    """A claim and what belongs to it in this process."""

    def __init__(self, claim: Claim, journal: Journal, database: Database, seal: Seal) -> None:
        self.claim = claim
        self.journal = TaskJournal(journal, claim, seal)
        self.cancellation = Cancellation()
        self.runs: asyncio.Task[None] | None = None
        self.ending = False
        """Its end is being written."""
        self.over = False
        """This process has nothing to do with it any more."""
        self._database = database
        if claim.cancelled:
            self.cancellation.cancel()

    async def load(self) -> None:
        await self.journal.load(self._database)

    async def stored_workspace(self) -> bytes | None:
        """What the last finished step has left in the database."""
        task = self.claim.task_id
        rows = await self._database.read("SELECT content FROM scaffolder_task_workspace WHERE task_id = ?", task)
        return rows[0][0] if rows else None


class Runner:
    """`folder`: where workspaces are made, one folder per task. `snapshots`: store them in the database as well."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        seal: Seal,
        folder: Path,
        workspaces: Workspaces,
        permissions: Permissions,
        *,
        snapshots: bool = False,
        telling: Telling | None = None,
    ) -> None:
        self._snapshots = snapshots
        self.telling = telling or Telling()
        self._engine, self.seal, self._folder = engine, seal, folder
        self._workspaces, self._permissions = workspaces, permissions
        self._clear = Together(_removed_together)

    async def run(self, running: RunningTask) -> Outcome | None:
        """Run the task to its end, unless its lease is lost or the process stops: then None."""
        claim, began = running.claim, time.monotonic()
        try:
            await self.telling.stands(claim, "processing")
            outcome = await self._outcome(running)
            running.ending = True
            await running.journal.end(*_completion(outcome))
        except LeaseLostError:
            # Draining leaves the lease to be given up; else another worker has the task already.
            running.over = running.over or not running.journal.draining
            return None
        except Exception:
            log.exception("task %s cannot be run to its end", claim.task_id)
            running.over = True
            return None
        running.over = True
        template = (claim.spec.get("templateInfo") or {}).get("entityRef", "")
        result: Result = "cancelled" if outcome.cancelled else "ok" if outcome.status == "completed" else "failed"
        observe_task(template, result, time.monotonic() - began)
        return outcome

    async def leave(self, claim: Claim, outcome: Outcome) -> None:
        """What is left to do for a task that has ended."""
        await self.telling.stands(claim, outcome.status)
        await self._clear(self._folder / claim.task_id)

    async def _outcome(self, running: RunningTask) -> Outcome:
        claim = running.claim
        secrets: Mapping[str, str] = {}
        try:
            secrets = {} if claim.sealed is None else self.seal.open(claim.sealed, claim.task_id)
            await running.load()
            workspace = await self._workspace(running)
            initiator = initiator_of(secrets)
            job = Job(
                claim.task_id,
                claim.spec,
                secrets,
                initiator,
                permitted=await self._permissions(initiator),
                cancellation=running.cancellation,
            )
            return await self._audited(running, job, workspace)
        except LeaseLostError:
            raise
        except (SealBrokenError, WorkspaceLostError) as error:
            return Outcome("failed", error=error)
        except OSError as error:
            log.warning("task %s has no workspace: %s", claim.task_id, error)
            return Outcome("failed", error=CallboardError(f"The task's workspace cannot be made: {system_text(error)}"))
        except Exception as error:
            log.exception("task %s failed outside its steps", claim.task_id)
            return Outcome("failed", error=masked_error(error, Mask(secrets.values())))

    async def _audited(self, running: RunningTask, job: Job, workspace: Workspace) -> Outcome:
        outcome: Outcome | None = None
        with suppress(_FailedError), self.telling.execution(running.claim, job.initiator):
            outcome = await self._engine().run(job, running.journal, running.journal, workspace)
            if outcome.error is not None:
                raise _FailedError(outcome.error)
        assert outcome is not None
        return outcome

    async def _workspace(self, running: RunningTask) -> Workspace:
        folder = self._folder / running.claim.task_id
        if self._snapshots:
            running.journal.snapshot = lambda: asyncio.to_thread(self._packed, folder)
        if running.journal.completed() and not folder.is_dir():
            content = await running.stored_workspace()
            if content is not None:
                await asyncio.to_thread(unpack, content, folder)
                return self._workspaces(folder)
            raise WorkspaceLostError(
                "The task cannot go on: its worker has stopped, and the files that finished steps have made are not "
                "on this machine"
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._workspaces(folder)

    def left_behind(self) -> list[str]:
        """Names of folders that may be workspaces."""
        if not self._folder.is_dir():
            return []
        return [one.name for one in self._folder.iterdir() if _TASK_ID.fullmatch(one.name) and one.is_dir()]

    def remove(self, task_ids: Sequence[str]) -> None:
        """Remove the workspaces of tasks that have ended."""
        _removed([self._folder / task_id for task_id in task_ids])

    def _packed(self, folder: Path) -> bytes | None:
        try:
            return pack(folder)
        except (OSError, WorkspaceTooLargeError) as error:
            # The task itself is none the worse for it, as long as this machine lives.
            log.warning("the workspace of task %s is not stored: %s", folder.name, error)
            return None


async def _removed_together(folders: Sequence[Path]) -> Sequence[Path]:
    await asyncio.to_thread(_removed, folders)
    return folders


def _removed(folders: Sequence[Path]) -> None:
    for folder in folders:
        try:
            # Most often there is nothing in it.
            folder.rmdir()
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)


def _completion(outcome: Outcome) -> tuple[Any, dict[str, Any]]:
    body: dict[str, Any] = {"message": f"Run completed with status: {outcome.status}"}
    if outcome.error is not None:
        body["error"] = error_body(outcome.error)
    else:
        body["output"] = outcome.output
    return outcome.status, body
