"""A template tried out: its steps run as a dry run in a folder of their own, and nothing is kept.

The command line does the same with files of its own. Source: spec/scaffolder.md §1.9.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from app.errors import CallboardError, InputError
from app.interfaces import Principal
from catalog.model.errors import FormError
from catalog.validation.envelope import check_envelope
from catalog.validation.kinds import KindValidator
from scaffolder.service.templates import Entity, task_spec
from scaffolder.service.values import check_secrets, check_values
from scaffolder.template.kind import API_VERSION, TEMPLATE
from scaffolder.workflow import Engine, Job, MemoryState, Outcome
from scaffolder.workspace import Budget, BudgetExceededError, SafeFolder

Json = Any
TEMPLATE_REF: Final = "template:default/dry-run"
MAX_CONTENT_BYTES: Final = 64 * 1024 * 1024
"""Of all files of one answer, and of the files of one workspace."""
MAX_FILES: Final = 20_000
AT_ONCE: Final = 4
"""Dry runs in one process at a time; others wait."""
_validator: Final = KindValidator([TEMPLATE])


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file beside the template. `path` is relative to it."""

    path: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run is about. `secrets` hold the caller's token as `backstageToken`.

    `template_path` is where the template lies among the files; its relative URLs start there. `runs_local`: see `Job`.
    """

    template: Entity
    values: Mapping[str, Json]
    secrets: Mapping[str, str]
    files: Sequence[GivenFile]
    user: Mapping[str, Json]
    initiator: Principal
    permitted: Callable[[str, Mapping[str, Json]], bool]
    template_path: str = "template.yaml"
    runs_local: bool = False


@dataclass(frozen=True, slots=True)
class DryRunResult:
    log: Sequence[Mapping[str, Json]]
    outcome: Outcome
    files: Sequence[GivenFile]
    steps: Sequence[Mapping[str, Json]]

    def document(self) -> dict[str, Json]:
        return {
            "log": [{"body": body} for body in self.log],
            "directoryContents": [
                {
                    "path": file.path,
                    "executable": file.executable,
                    "base64Content": base64.b64encode(file.content).decode(),
                }
                for file in self.files
            ],
            "output": self.outcome.output,
            "steps": self.steps,
        }


class MemoryLog:
    """A sink that keeps the lines, as the answer shows them."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Json]] = []

    async def log(self, message: str, *, step_id: str | None = None, status: str | None = None) -> None:
        line = {"stepId": step_id, "status": status, "message": message}
        self.lines.append({key: value for key, value in line.items() if value is not None})


class DryRuns:
    """Runs templates that nobody has registered. A few at a time."""

    def __init__(self, engine: Callable[[], Engine], folder: Path | None = None) -> None:
        self._engine, self._folder = engine, folder
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self, asked: DryRun) -> DryRunResult:
        """Raises InputError for what is no template, InvalidValuesError, and what a failed step failed with."""
        result = await self.tried(asked)
        if result.outcome.error is not None:
            raise shown(result.outcome.error)
        return result

    async def tried(self, asked: DryRun) -> DryRunResult:
        """The result, also where a step failed. Raises InputError and InvalidValuesError."""
        check_template(asked.template)
        check_values(asked.template, asked.values)
        check_secrets(asked.template, {key: text for key, text in asked.secrets.items() if key != "backstageToken"})
        async with self._slots:
            return await self._run(asked)

    async def _run(self, asked: DryRun) -> DryRunResult:
        with tempfile.TemporaryDirectory(prefix="callboard-dry-run-", dir=self._folder) as folder:
            root = SafeFolder(Path(folder)).root
            number = uuid4()
            # Logs show these names, as the reference has them.
            contents, work = root / f"dry-run-content-{number}", root / f"dry-run-{number}"
            contents.mkdir()
            work.mkdir()
            await asyncio.to_thread(_write, SafeFolder(contents), asked.files)
            workspace = SafeFolder(work, budget=Budget(MAX_FILES, MAX_CONTENT_BYTES))
            url = f"file://{contents}/{asked.template_path}"
            spec = task_spec(asked.template, asked.values, asked.user, ref=TEMPLATE_REF, url=url)
            job = Job(
                work.name,
                spec,
                secrets=asked.secrets,
                initiator=asked.initiator,
                is_dry_run=True,
                permitted=asked.permitted,
                # The reference has a step of its own, which only the API's answers count.
                hidden_steps=0 if asked.runs_local else 1,
                report_problems=False,
                root=contents,
                runs_local=asked.runs_local,
            )
            log = MemoryLog()
            outcome = await self._engine().run(job, log, MemoryState(), workspace)
            files: Sequence[GivenFile] = []
            if outcome.error is None:
                files = await asyncio.to_thread(contents_of, workspace)
            return DryRunResult(log.lines, outcome, files, spec["steps"])


def check_template(template: Json) -> None:
    """Raises InputError for anything but a valid template."""
    if not isinstance(template, Mapping) or (template.get("apiVersion"), template.get("kind")) != (
        API_VERSION,
        TEMPLATE.name,
    ):
        raise InputError("Input template is not a template")
    try:
        check_envelope(template)
        _validator.recognizes(template)
    except FormError as error:
        raise InputError(str(error)) from error


def given_files(entries: Sequence[Mapping[str, Json]]) -> list[GivenFile]:
    """The files of a request: `[{path, base64Content}]`. Raises InputError."""
    files: list[GivenFile] = []
    for index, entry in enumerate(entries):
        path = entry.get("path") if isinstance(entry, Mapping) else None
        content = entry.get("base64Content") if isinstance(entry, Mapping) else None
        if not isinstance(path, str) or not isinstance(content, str):
            raise InputError(f"Malformed request: directoryContents/{index} must have path and base64Content")
        try:
            files.append(GivenFile(path, base64.b64decode(content)))
        except binascii.Error as error:
            raise InputError(f"Malformed request: directoryContents/{index}/base64Content is not base64") from error
    return files


def _write(folder: SafeFolder, files: Sequence[GivenFile]) -> None:
    for file in files:
        folder.write(file.path, file.content, mode=0o755 if file.executable else 0o644)


def contents_of(workspace: SafeFolder) -> list[GivenFile]:
    """All files of a workspace, dot files too, but for the repository at its root. A link is there only if it leads to
    nothing, and then as its text. Raises InputError: that is too much for one answer."""
    budget = Budget(MAX_FILES, MAX_CONTENT_BYTES)
    files: list[GivenFile] = []
    try:
        for entry in workspace.entries():
            if entry.path.startswith(".git/"):
                continue
            if entry.kind == "link" and not workspace.exists(entry.path):
                content = workspace.link(entry.path).encode()
            elif entry.kind == "file":
                budget.spend(entry.size)
                content = workspace.read(entry.path, max_bytes=MAX_CONTENT_BYTES)
            else:
                continue
            executable = entry.kind == "file" and bool(entry.mode & stat.S_IXUSR)
            files.append(GivenFile(entry.path, content, executable))
    except BudgetExceededError as error:
        raise InputError(f"The dry run made {error}") from error
    return files


def shown(error: Exception) -> Exception:
    """What failed is what the caller asked to know, also where it is no error of ours."""
    return error if isinstance(error, CallboardError) else CallboardError(str(error) or type(error).__name__)
