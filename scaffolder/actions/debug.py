"""`debug:log` and `debug:wait`. Source: spec/scaffolder.md §5.2."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from app.errors import CallboardError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import BOOLEAN, NUMBER, STRING, described, record
from scaffolder.interfaces import Action, ActionContext
from scaffolder.stopping import wait
from scaffolder.workspace import SafeFolder

MAX_WAIT_S: Final = 600.0
MAX_SHOWN_BYTES: Final = 64 * 1024
"""Of one file in a log line; larger ones are skipped."""
MAX_LINE_BYTES: Final = 1024 * 1024


class DebugLog(Action):
    """Writes a message and the workspace's files into the log."""

    id = "debug:log"
    description = "Writes a message into the log and/or lists all files in the workspace."
    supports_dry_run = True
    idempotent = True
    examples = (
        example("debug:log", "Write a message", message="Hello Backstage!"),
        example("debug:log", "List the workspace with the content of each file", listWorkspace="with-contents"),
    )
    input_schema = record(
        {
            "message": described(STRING, "Message to output."),
            "listWorkspace": {
                "anyOf": [dict(BOOLEAN), {"type": "string", "enum": ["with-filenames", "with-contents"]}],
                "description": "List all files in the workspace",
            },
        }
    )

    async def run(self, context: ActionContext) -> None:
        await context.log.info(json.dumps(context.input, indent=2, ensure_ascii=False))
        if message := context.input.get("message"):
            await context.log.info(message)
        if wanted := context.input.get("listWorkspace"):
            contents = wanted == "with-contents"
            await context.log.info(await asyncio.to_thread(_listing, workspace_of(context), contents))


def _listing(workspace: SafeFolder, contents: bool) -> str:
    paths = [entry.path for entry in workspace.entries() if entry.kind != "folder"]
    if not contents:
        return "Workspace:\n" + "\n".join(f"  - {path}" for path in paths)
    shown: list[str] = []
    left = MAX_LINE_BYTES
    for path in paths:
        try:
            # Links are skipped, not followed (CVE-2026-24046).
            if workspace.link(path) is not None:
                shown.append(f" - {path}: [skipped]")
                continue
        except OSError:
            pass
        try:
            text = workspace.read(path, max_bytes=min(left, MAX_SHOWN_BYTES)).decode("utf-8", "replace")
        except (OSError, CallboardError):
            shown.append(f" - {path}: [skipped]")
            continue
        left -= len(text)
        shown.append(f" - {path}:\n\n  {text}")
    return "Workspace:\n" + "\n".join(shown)


class DebugWait(Action):
    """Waits."""

    id = "debug:wait"
    description = "Waits for a certain period of time."
    idempotent = True
    examples = (
        example("debug:wait", "Wait for five seconds", seconds=5),
        example("debug:wait", "Wait for one and a half minutes", minutes=1, seconds=30),
    )
    input_schema = record(
        {
            "minutes": described(NUMBER, "Waiting period in minutes."),
            "seconds": described(NUMBER, "Waiting period in seconds."),
            "milliseconds": described(NUMBER, "Waiting period in milliseconds."),
        }
    )

    async def run(self, context: ActionContext) -> None:
        given = context.input
        seconds = given.get("minutes", 0) * 60 + given.get("seconds", 0) + given.get("milliseconds", 0) / 1000
        if seconds > MAX_WAIT_S:
            raise CallboardError(
                "Waiting duration is longer than the maximum threshold of 0 hours, 10 minutes, 0 seconds"
            )
        await wait(context, seconds)
