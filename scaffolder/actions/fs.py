"""`fs:delete`, `fs:rename` and `fs:readdir`. Source: spec/scaffolder.md §5.2."""

from __future__ import annotations

import asyncio
from typing import Any

from app.errors import CallboardError, InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import BOOLEAN, STRING, closed, described, listed, record
from scaffolder.interfaces import Action, ActionContext, Json
from scaffolder.workspace import Entry, SafeFolder

_ENTRY = closed({"name": STRING, "path": STRING, "fullPath": STRING}, ["name", "path", "fullPath"])


class FsDelete(Action):
    """Deletes files by globs; folders stay."""

    id = "fs:delete"
    description = "Deletes files and directories from the workspace"
    supports_dry_run = True
    idempotent = True
    examples = (example("fs:delete", "Delete files", files=["file1.txt", "templates/**/*.tpl"]),)
    input_schema = record(
        {"files": described(listed(STRING), "A list of files and directories that will be deleted")}, ["files"]
    )

    async def run(self, context: ActionContext) -> None:
        workspace = workspace_of(context)
        for pattern in context.input["files"]:
            for path in await asyncio.to_thread(workspace.glob, pattern):
                await asyncio.to_thread(workspace.remove, path)
                await context.log.info(f"File {workspace.root / path} deleted successfully")


class FsRename(Action):
    """Moves files and folders."""

    id = "fs:rename"
    description = "Renames files and directories within the workspace"
    supports_dry_run = True
    examples = (example("fs:rename", "Rename a file", files=[{"from": "file1.txt", "to": "file1Renamed.txt"}]),)
    input_schema = record(
        {
            "files": listed(
                closed(
                    {
                        "from": described(STRING, "The source location of the file to be renamed"),
                        "to": described(STRING, "The destination of the new file"),
                        "overwrite": described(BOOLEAN, "Overwrite existing file or directory, default is false"),
                    },
                    ["from", "to"],
                )
            )
        },
        ["files"],
    )

    async def run(self, context: ActionContext) -> None:
        workspace = workspace_of(context)
        for file in context.input["files"]:
            source, target = workspace.relative(file["from"]), workspace.relative(file["to"])
            # Renamed with this, links are followed where they are checked and nowhere else.
            try:
                await asyncio.to_thread(_rename, workspace, source, target, bool(file.get("overwrite")))
            except CallboardError as error:
                names = f"{workspace.root / source} to {workspace.root / target}"
                await context.log.error(
                    f"Failed to rename file {names}: {error.message}", _details(error, workspace, source)
                )
                raise
            await context.log.info(f"File {workspace.root / source} renamed to {workspace.root / target} successfully")


def _details(error: CallboardError, workspace: SafeFolder, source: str) -> dict[str, Json]:
    """What the reference's logger shows of an error."""
    stack = f"Error: {error.message}"
    if not error.message.startswith("ENOENT"):
        return {"stack": stack}
    path = str(workspace.root / source)
    return {"code": "ENOENT", "errno": -2, "path": path, "stack": stack, "syscall": "lstat"}


def _rename(workspace: SafeFolder, source: str, target: str, overwrite: bool) -> None:
    workspace.path(source), workspace.path(target)  # either leads outside: refused before anything is touched
    try:
        workspace.status(source, follow=False)
    except (FileNotFoundError, NotADirectoryError):
        raise CallboardError(f"ENOENT: no such file or directory, lstat '{workspace.root / source}'") from None
    if target == source:
        return
    if target.startswith(f"{source}/"):
        raise InputError(f"Cannot move '{source}' to a subdirectory of itself, '{target}'.")
    if workspace.exists(target):
        if not overwrite:
            raise CallboardError("dest already exists.")
        workspace.remove_tree(target)
    workspace.rename(source, target)


class FsReaddir(Action):
    """Lists folders."""

    id = "fs:readdir"
    description = "Reads files and directories from the workspace"
    supports_dry_run = True
    idempotent = True
    examples = (
        example("fs:readdir", "Read the whole workspace", paths=["."], recursive=True),
        example("fs:readdir", "Read one folder", paths=["src"]),
    )
    input_schema = record(
        {
            "paths": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "recursive": {"type": "boolean", "default": False},
        },
        ["paths"],
    )
    output_schema = record({"files": listed(_ENTRY), "folders": listed(_ENTRY)}, ["files", "folders"])

    async def run(self, context: ActionContext) -> None:
        workspace = workspace_of(context)
        files: list[dict[str, Any]] = []
        folders: list[dict[str, Any]] = []
        for path in context.input["paths"]:
            recursive = bool(context.input.get("recursive"))
            for entry in await asyncio.to_thread(_listed, workspace, workspace.relative(path), recursive):
                shown = {
                    "name": entry.path.rpartition("/")[2],
                    "path": entry.path,
                    "fullPath": str(workspace.root / entry.path),
                }
                if entry.kind == "folder":
                    folders.append(shown)
                elif entry.kind == "file":
                    files.append(shown)
        context.output("files", files)
        context.output("folders", folders)


def _listed(workspace: SafeFolder, path: str, recursive: bool) -> list[Entry]:
    try:
        return workspace.entries(path) if recursive else workspace.scan(path)
    except (FileNotFoundError, NotADirectoryError):
        raise CallboardError(f"ENOENT: no such file or directory, scandir '{workspace.root / path}'") from None
