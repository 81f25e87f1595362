"""`fetch:template` and `fetch:template:file`. Source: spec/scaffolder.md §4.6."""

from __future__ import annotations

import asyncio

from app.errors import InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.rendering import INCOMPATIBLE, Rendering, extension_of
from scaffolder.actions.schemas import BOOLEAN, RECORD, STRING, described, listed, record
from scaffolder.fetching.sources import Sources
from scaffolder.interfaces import Action, ActionContext

_VALUES = described(RECORD, "Values to pass on to the templating engine")
_COMPATIBLE = described(
    BOOLEAN, "Enable features to maximise compatibility with templates built for fetch:cookiecutter"
)
_REPLACE = described(BOOLEAN, "If set, replace files in targetPath instead of skipping existing ones")
_TRIM = described(BOOLEAN, "If set, the first newline after a block is removed (block, not variable tag!)")
_LSTRIP = described(BOOLEAN, "If set, leading spaces and tabs are stripped from the start of a line to a block")
_TOKEN = described(STRING, "A token to use for authentication when reading the source")


class FetchTemplate(Action):
    """Renders a tree of files into the workspace."""

    id = "fetch:template"
    description = (
        "Downloads a skeleton, templates variables into file and directory names and content, and places the result "
        "in the workspace, or optionally in a subdirectory specified by the `targetPath` input option."
    )
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "fetch:template",
            "Render the skeleton beside the template",
            url="./skeleton",
            values={"name": "${{ parameters.name }}"},
        ),
        example(
            "fetch:template",
            "Render into a folder, but copy workflows as they are",
            url="./skeleton",
            targetPath="./service",
            copyWithoutTemplating=[".github/workflows/*"],
            values={"name": "${{ parameters.name }}"},
        ),
    )
    input_schema = record(
        {
            "url": described(STRING, "Relative path or absolute URL pointing to the directory tree to fetch"),
            "targetPath": described(STRING, "Target path within the working directory to download the contents to"),
            "values": _VALUES,
            "copyWithoutRender": described(listed(STRING), "Ignored: use copyWithoutTemplating"),
            "copyWithoutTemplating": described(
                listed(STRING), "Globs of files whose contents are copied without being templated; names still are"
            ),
            "cookiecutterCompat": _COMPATIBLE,
            "templateFileExtension": {
                "type": ["string", "boolean"],
                "description": "If set, only files with the given extension are templated (`true` means `.njk`)",
            },
            "replace": _REPLACE,
            "trimBlocks": _TRIM,
            "lstripBlocks": _LSTRIP,
            "token": _TOKEN,
        },
        ["url"],
    )

    def __init__(self, sources: Sources, rendering: Rendering) -> None:
        self._sources = sources
        self._rendering = rendering

    async def run(self, context: ActionContext) -> None:
        given = context.input
        await context.log.info("Fetching template content from remote URL")
        target = workspace_of(context).relative(given.get("targetPath") or "./")
        if extension_of(given) and (given.get("copyWithoutTemplating") or given.get("cookiecutterCompat")):
            raise InputError(INCOMPATIBLE)
        async with self._sources.tree(context, given.get("url") or ".", given.get("token")) as tree:
            source = await asyncio.to_thread(lambda: tree.absolute)
            output = await asyncio.to_thread(context.workspace.path, target)
            if output == source or output.is_relative_to(source):
                raise InputError("targetPath must not be within template path")
            await self._rendering.tree(context, str(source), target, given)


class FetchTemplateFile(Action):
    """Renders one file into the workspace."""

    id = "fetch:template:file"
    description = "Downloads single file and places it in the workspace, with variables templated into its content."
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "fetch:template:file",
            "Render one file",
            url="./skeleton/catalog-info.yaml",
            targetPath="./catalog-info.yaml",
            values={"name": "${{ parameters.name }}"},
        ),
    )
    input_schema = record(
        {
            "url": described(STRING, "Relative path or absolute URL pointing to the single file to fetch"),
            "targetPath": described(STRING, "Target path within the working directory to download the file as"),
            "values": _VALUES,
            "cookiecutterCompat": _COMPATIBLE,
            "replace": _REPLACE,
            "trimBlocks": _TRIM,
            "lstripBlocks": _LSTRIP,
            "token": _TOKEN,
        },
        ["url", "targetPath"],
    )

    def __init__(self, sources: Sources, rendering: Rendering) -> None:
        self._sources = sources
        self._rendering = rendering

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        target = workspace.relative(given["targetPath"])
        if not given.get("replace") and await asyncio.to_thread(workspace.exists, target):
            await context.log.info(f"File {given['targetPath']} already exists in workspace, not replacing.")
            return
        await context.log.info("Fetching template file content from remote URL")
        fetched = await self._sources.file(context, given["url"], given.get("token"))
        async with context.temporary_directory() as directory:
            (directory / "template").write_bytes(fetched.content)
            (directory / "template").chmod(fetched.mode)
            await self._rendering.file(context, str(directory), "template", target, given)
