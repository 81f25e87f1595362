"""`workspace:template` and `workspace:template:file`, by opt-in. Source: spec/scaffolder.md §5.1."""

from __future__ import annotations

import asyncio

from app.errors import InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.rendering import Rendering
from scaffolder.actions.schemas import BOOLEAN, RECORD, STRING, described, listed, record
from scaffolder.interfaces import Action, ActionContext


class WorkspaceTemplate(Action):
    """Renders a folder of the workspace into another one."""

    id = "workspace:template"
    description = "Templates variables into the files of a workspace directory and writes the result to another one."
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "workspace:template",
            "Render a folder fetched before",
            sourcePath="./template",
            targetPath="./result",
            copyWithoutTemplating=[],
            values={"name": "${{ parameters.name }}"},
        ),
    )
    input_schema = record(
        {
            "sourcePath": described(STRING, "Path within the working directory of the template"),
            "targetPath": described(STRING, "Path within the working directory to write to"),
            "values": RECORD,
            "copyWithoutTemplating": listed(STRING),
            "cookiecutterCompat": BOOLEAN,
            "templateFileExtension": {"type": ["string", "boolean"]},
            "replace": BOOLEAN,
            "trimBlocks": BOOLEAN,
            "lstripBlocks": BOOLEAN,
        },
        ["sourcePath", "targetPath", "copyWithoutTemplating"],
    )

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        target = workspace.relative(given["targetPath"])
        source = await asyncio.to_thread(workspace.path, given["sourcePath"])
        output = await asyncio.to_thread(workspace.path, target)
        if output == source or output.is_relative_to(source):
            raise InputError("targetPath must not be within template path")
        await self._rendering.tree(context, str(source), target, given)


class WorkspaceTemplateFile(Action):
    """Renders a file of the workspace into another one."""

    id = "workspace:template:file"
    description = "Templates variables into one file of the workspace and writes the result to another one."
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "workspace:template:file",
            "Render a file fetched before",
            sourcePath="./README.md.tpl",
            targetPath="./README.md",
            values={"name": "${{ parameters.name }}"},
        ),
    )
    input_schema = record(
        {
            "sourcePath": STRING,
            "targetPath": STRING,
            "values": RECORD,
            "cookiecutterCompat": BOOLEAN,
            "replace": BOOLEAN,
            "trimBlocks": BOOLEAN,
            "lstripBlocks": BOOLEAN,
        },
        ["sourcePath", "targetPath"],
    )

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        target = workspace.relative(given["targetPath"])
        if not given.get("replace") and await asyncio.to_thread(workspace.exists, target):
            await context.log.info(f"File {given['targetPath']} already exists in workspace, not replacing.")
            return
        source = workspace.relative(given["sourcePath"])
        await self._rendering.file(context, str(workspace.root), source, target, given)
