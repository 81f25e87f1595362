"""`roadiehq:utils:zip` and `roadiehq:utils:fs:*`. Source: spec/scaffolder.md §5.7."""

from __future__ import annotations

import asyncio
import json

from app.errors import CallboardError, InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import ANY, BOOLEAN, STRING, closed, described, listed, one_of, record
from scaffolder.actions.yaml_read import json_value, yaml_documents
from scaffolder.interfaces import Action, ActionContext

_PATH = described(STRING, "Path of the file in the workspace")
_OUTPUT = record({"path": STRING})


class RoadieZip(Action):
    """Zips a file or folder of the workspace."""

    id = "roadiehq:utils:zip"
    description = "Zips the content of the path"
    supports_dry_run = True
    idempotent = True
    examples = (example("roadiehq:utils:zip", "Zip a folder", path="./dist", outputPath="./dist.zip"),)
    input_schema = record({"path": STRING, "outputPath": STRING}, ["path", "outputPath"])
    output_schema = record({"outputPath": STRING})

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        if not await asyncio.to_thread(workspace.exists, given["path"]):
            raise InputError(f"File {given['path']} does not exist. Can't zip it.")
        await context.confined(
            "pack", {"root": str(workspace.root), "path": given["path"], "target": given["outputPath"]}
        )
        context.output("outputPath", given["outputPath"])


class RoadieWrite(Action):
    """Writes a file."""

    id = "roadiehq:utils:fs:write"
    description = "Creates a file with the content on the given path"
    supports_dry_run = True
    idempotent = True
    examples = (example("roadiehq:utils:fs:write", "Write a file", path="./README.md", content="# Hello\n"),)
    input_schema = record(
        {
            "path": _PATH,
            "content": STRING,
            "preserveFormatting": described(BOOLEAN, "Indent JSON by two spaces"),
        },
        ["path", "content"],
    )
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        content: str = given["content"]
        if given.get("preserveFormatting"):
            try:
                content = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
            except ValueError:
                content = given["content"]
        path = workspace.relative(given["path"])
        await asyncio.to_thread(workspace.write, path, content.encode("utf-8", "replace"))
        context.output("path", str(await asyncio.to_thread(workspace.path, path)))


class RoadieAppend(Action):
    """Appends to a file; done once per task, so that a recovered step does not repeat it."""

    id = "roadiehq:utils:fs:append"
    description = "Append content to the end of the given file, it will create the file if it does not exist."
    supports_dry_run = True
    examples = (example("roadiehq:utils:fs:append", "Add a line", path="./.gitignore", content="dist/\n"),)
    input_schema = record({"path": _PATH, "content": STRING}, ["path", "content"])
    output_schema = _OUTPUT

    async def run(self, context: ActionContext) -> None:
        given = context.input
        workspace = workspace_of(context)
        path = workspace.relative(given["path"])
        try:
            await asyncio.to_thread(workspace.append, path, given["content"].encode("utf-8", "replace"))
        except FileNotFoundError:
            raise CallboardError(f"ENOENT: no such file or directory, open '{workspace.root / path}'") from None
        context.output("path", str(await asyncio.to_thread(workspace.path, path)))


class RoadieReplace(Action):
    """Replaces text in files."""

    id = "roadiehq:utils:fs:replace"
    description = "Replaces content of a file with given values."
    supports_dry_run = True
    examples = (
        example(
            "roadiehq:utils:fs:replace",
            "Replace a name everywhere",
            files=[{"file": "**/*.md", "find": "skeleton", "replaceWith": "${{ parameters.name }}"}],
        ),
    )
    input_schema = record(
        {
            "files": listed(
                closed(
                    {
                        "file": described(STRING, "Path or glob of the files"),
                        "find": described(STRING, "A text, or a regular expression"),
                        "replaceWith": described(STRING, "What to put there"),
                        "matchRegex": described(BOOLEAN, "Take `find` as a JavaScript regular expression"),
                        "includeDotFiles": BOOLEAN,
                    },
                    ["file", "find", "replaceWith"],
                )
            )
        },
        ["files"],
    )

    async def run(self, context: ActionContext) -> None:
        workspace = workspace_of(context)
        for file in context.input["files"]:
            if not file["find"] or not file["replaceWith"]:
                raise InputError("`find` and `replaceWith` must not be empty")
            found = await asyncio.to_thread(workspace.glob, file["file"])
            if not file.get("includeDotFiles"):
                named = "/." in f"/{file['file'].removeprefix('./')}"
                found = [path for path in found if named or "/." not in f"/{path}"]
            await context.confined(
                "replace-text",
                {
                    "root": str(workspace.root),
                    "files": found,
                    "find": file["find"],
                    "with": file["replaceWith"],
                    "regex": bool(file.get("matchRegex")),
                },
            )


class RoadieParse(Action):
    """Gives a file's content as an output."""

    id = "roadiehq:utils:fs:parse"
    description = "Reads a file from the workspace and optionally parses it"
    supports_dry_run = True
    idempotent = True
    examples = (example("roadiehq:utils:fs:parse", "Read YAML", path="./catalog-info.yaml", parser="yaml"),)
    input_schema = record({"path": _PATH, "parser": one_of("yaml", "json", "multiyaml")}, ["path"])
    output_schema = record({"content": ANY})

    async def run(self, context: ActionContext) -> None:
        workspace = workspace_of(context)
        path = workspace.relative(context.input["path"])
        try:
            text = (await asyncio.to_thread(workspace.read, path)).decode("utf-8", "replace")
        except FileNotFoundError:
            raise CallboardError(f"The file {workspace.root / path} does not exist.") from None
        parser = context.input.get("parser")
        if parser == "json":
            context.output("content", json_value(text))
        elif parser in ("yaml", "multiyaml"):
            documents = await asyncio.to_thread(yaml_documents, text)
            if parser == "yaml" and len(documents) > 1:
                raise InputError("The file holds more than one YAML document: use the parser multiyaml")
            context.output("content", documents if parser == "multiyaml" else next(iter(documents), None))
        else:
            context.output("content", text)
