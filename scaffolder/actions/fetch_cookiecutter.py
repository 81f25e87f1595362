"""`fetch:cookiecutter`. Source: spec/scaffolder.md §5.6."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import CallboardError, InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import RECORD, STRING, described, listed, record
from scaffolder.fetching.sources import Sources, Tree
from scaffolder.interfaces import Action, ActionContext
from scaffolder.workspace import SafeFolder

SETTINGS: Final = "cookiecutter.json"
_JINJA_EXTENSIONS: Final = re.compile(r"(?:cookiecutter|jinja2)(?:\.[A-Za-z_]\w*)+")
"""Other extensions are any code on this machine by its name."""


class FetchCookiecutter(Action):
    """Generates from a cookiecutter template. Hooks run for trusted templates alone."""

    id = "fetch:cookiecutter"
    description = (
        "Downloads a template from the given `url` into the workspace, and runs cookiecutter on it. Hooks are off "
        "unless the template is trusted by `scaffolder.cookiecutter.trustedTemplates`."
    )
    supports_dry_run = False
    local = True
    idempotent = True
    examples = (
        example(
            "fetch:cookiecutter",
            "Generate from a cookiecutter template",
            url="./cookiecutter",
            values={"name": "${{ parameters.name }}"},
        ),
    )
    input_schema = record(
        {
            "url": described(STRING, "Relative path or absolute URL pointing to the directory tree to fetch"),
            "targetPath": described(STRING, "Target path within the working directory to download the contents to"),
            "values": described(RECORD, "Values to pass on to cookiecutter for templating"),
            "copyWithoutRender": described(listed(STRING), "Avoid rendering directories and files in the template"),
            "extensions": described(listed(STRING), "Jinja2 extensions of the cookiecutter and jinja2 packages"),
            "imageName": described(STRING, "Ignored: the library runs in a confined process, not in an image"),
        },
        ["url", "values"],
    )

    def __init__(self, sources: Sources, *, trusted: Sequence[str] = ()) -> None:
        self._sources = sources
        self._trusted = frozenset(trusted)

    async def run(self, context: ActionContext) -> None:
        given = context.input
        await context.log.info("Fetching and then templating using cookiecutter")
        workspace = workspace_of(context)
        target = workspace.relative(given.get("targetPath") or "./")
        for name in given.get("extensions") or ():
            if not _JINJA_EXTENSIONS.fullmatch(name):
                raise InputError(f"The Jinja2 extension {name!r} is not one of the cookiecutter and jinja2 packages")
        async with (
            self._sources.tree(context, given["url"]) as tree,
            context.temporary_directory() as directory,
        ):
            source = SafeFolder(directory)
            await asyncio.to_thread(_prepared, tree, source, given)
            await context.log.info("Cookiecutter initialized")
            done = await context.confined(
                "cookiecutter",
                {
                    "source": str(source.root),
                    "root": str(workspace.root),
                    "target": target,
                    "hooks": context.template.entity_ref in self._trusted,
                },
            )
        await context.log.info(f"Cookiecutter wrote {done['files']} files to {workspace.root / target}")


def _prepared(tree: Tree, into: SafeFolder, given: Mapping[str, Any]) -> None:
    """A copy of the template whose settings hold the given values. Links stay behind: cookiecutter follows them."""
    source = SafeFolder(tree.absolute)
    for entry in source.entries():
        if entry.kind == "folder":
            into.make_folder(entry.path)
        elif entry.kind == "file" and entry.path != SETTINGS:
            into.write(entry.path, source.read(entry.path), mode=stat.S_IMODE(entry.mode))
    settings: Any = {}
    if source.exists(SETTINGS):
        try:
            settings = json.loads(source.read(SETTINGS))
        except ValueError as error:
            raise InputError("The template's cookiecutter.json is not JSON") from error
    if not isinstance(settings, dict):
        raise CallboardError("The template's cookiecutter.json is not an object")
    declared = settings.get("_extensions") or []
    if not isinstance(declared, list) or not all(
        isinstance(name, str) and _JINJA_EXTENSIONS.fullmatch(name) for name in declared
    ):
        raise InputError("The template's cookiecutter.json names Jinja2 extensions that are not allowed")
    settings |= given.get("values") or {}
    if given.get("copyWithoutRender"):
        settings["_copy_without_render"] = given["copyWithoutRender"]
    settings["_extensions"] = given.get("extensions") or declared
    # Only files of the template itself may be read by it.
    settings.pop("_template", None)
    into.write(SETTINGS, json.dumps(settings, ensure_ascii=False).encode("utf-8", "replace"))
