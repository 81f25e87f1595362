"""`fetch:plain` and `fetch:plain:file`. Source: spec/scaffolder.md §5.1."""

from __future__ import annotations

import asyncio
import contextlib
import stat

from app.errors import CallboardError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import STRING, described, record
from scaffolder.fetching.sources import Sources, Tree
from scaffolder.interfaces import Action, ActionContext
from scaffolder.workspace import SafeFolder

_TOKEN = described(STRING, "A token to use for authentication when reading the source")


class FetchPlain(Action):
    """Copies a tree into the workspace."""

    id = "fetch:plain"
    description = (
        "Downloads content and places it in the workspace, or optionally in a subdirectory specified by the "
        "`targetPath` input option."
    )
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "fetch:plain",
            "Fetch a tree",
            url="https://github.com/backstage/community/tree/main/backstage-community-sessions/assets",
        ),
        example("fetch:plain", "Fetch into a folder", url="./assets", targetPath="./docs/assets"),
    )
    input_schema = record(
        {
            "url": described(STRING, "Relative path or absolute URL pointing to the directory tree to fetch"),
            "targetPath": described(STRING, "Target path within the working directory to download the contents to"),
            "token": _TOKEN,
        },
        ["url"],
    )

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def run(self, context: ActionContext) -> None:
        await context.log.info("Fetching plain content from remote URL")
        workspace = workspace_of(context)
        target = workspace.relative(context.input.get("targetPath") or "./")
        async with self._sources.tree(context, context.input["url"], context.input.get("token")) as tree:
            await asyncio.to_thread(_copy, tree, workspace, target)


class FetchPlainFile(Action):
    """Copies one file into the workspace."""

    id = "fetch:plain:file"
    description = "Downloads single file and places it in the workspace."
    supports_dry_run = True
    idempotent = True
    examples = (example("fetch:plain:file", "Fetch one file", url="./skeleton/LICENSE", targetPath="./LICENSE"),)
    input_schema = record(
        {
            "url": described(STRING, "Relative path or absolute URL pointing to the single file to fetch"),
            "targetPath": described(STRING, "Target path within the working directory to download the file as"),
            "token": _TOKEN,
        },
        ["url", "targetPath"],
    )

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def run(self, context: ActionContext) -> None:
        await context.log.info("Fetching plain content from remote URL")
        workspace = workspace_of(context)
        target = workspace.relative(context.input["targetPath"])
        fetched = await self._sources.file(context, context.input["url"], context.input.get("token"))
        await asyncio.to_thread(lambda: workspace.write(target, fetched.content, mode=fetched.mode))


def _copy(tree: Tree, workspace: SafeFolder, target: str) -> None:
    source = SafeFolder(tree.absolute)
    if not source.root.is_dir():
        raise CallboardError(f"ENOTDIR: not a directory, scandir '{source.root}'")
    workspace.make_folder(target)
    with source.holding(), workspace.holding():
        for entry in source.entries():
            path = f"{target}/{entry.path}" if target else entry.path
            if entry.kind == "folder":
                workspace.make_folder(path)
            elif entry.kind == "file":
                workspace.write(path, source.read(entry.path), mode=stat.S_IMODE(entry.mode))
            elif entry.kind == "link":
                with contextlib.suppress(FileNotFoundError):
                    workspace.remove(path)
                workspace.make_link(path, source.link(entry.path))
