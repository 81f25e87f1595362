"""What the template actions share: how a confined render is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.confinement.limits import LimitReachedError
from app.errors import InputError
from scaffolder.interfaces import ActionContext, Json, ScaffolderExtensions
from scaffolder.workspace import SafeFolder

WORTH_TWO_JOBS: Final = 400
"""Entries from which on a tree is rendered by two jobs side by side."""
INCOMPATIBLE = "Fetch action input extension incompatible with copyWithoutTemplating and cookiecutterCompat"


@dataclass(frozen=True, slots=True)
class Rendering:
    """The language of files: the filters and globals of plugins, and whether legacy items are known."""

    extensions: Callable[[], ScaffolderExtensions]
    legacy: bool = True

    def arguments(self, given: Mapping[str, Json]) -> dict[str, Any]:
        """Those of the jobs `render-tree` and `render-file` that say how to render."""
        extensions = self.extensions()
        known = extensions.globals
        return {
            "values": given.get("values"),
            "cookiecutter": bool(given.get("cookiecutterCompat")),
            "trim_blocks": bool(given.get("trimBlocks")),
            "lstrip_blocks": bool(given.get("lstripBlocks")),
            "legacy": self.legacy,
            "filters": list(extensions.filters),
            "functions": [name for name, one in known.items() if one.call is not None],
            "constants": {name: one.value for name, one in known.items() if one.call is None},
        }

    async def tree(self, context: ActionContext, source: str, target: str, given: Mapping[str, Json]) -> None:
        """Render a folder into the workspace and log what happened to each file."""
        extension = extension_of(given)
        copied: Sequence[str] | None = given.get("copyWithoutTemplating")
        if copied is not None and not isinstance(copied, list):
            raise InputError("Fetch action input copyWithoutRender/copyWithoutTemplating must be an Array")
        if extension and (copied or given.get("cookiecutterCompat")):
            raise InputError(INCOMPATIBLE)
        await context.log.info("Listing files and directories in template")
        arguments = {
            "source": source,
            "root": str(context.workspace.root),
            "target": target,
            "copy": copied,
            "extension": extension,
            "replace": bool(given.get("replace")),
            **self.arguments(given),
        }
        shares = await asyncio.to_thread(shares_of, source)
        jobs = [context.confined("render-tree", {**arguments, "only": only}) for only in shares]
        # All of them to their end: the first share's error is the one that is told, however fast the others fail.
        ends = await asyncio.gather(*jobs, return_exceptions=True)
        done: list[Json] = []
        for end in ends:
            if isinstance(end, BaseException):
                raise end
            done.append(end)
        _check_limits(done)
        count = sum(one["count"] for one in done)
        await context.log.info(f"Processing {count} template files/directories with input values", given.get("values"))
        for one in done:
            for line in one["log"]:
                await context.log.info(line)
        await context.log.info(f"Template result written to {done[0]['target']}")

    async def file(
        self, context: ActionContext, source: str, file: str, target: str, given: Mapping[str, Json]
    ) -> None:
        """Render one file into the workspace."""
        await context.log.info("Processing template file with input values", given.get("values"))
        done = await context.confined(
            "render-file",
            {
                "source": source,
                "file": file,
                "root": str(context.workspace.root),
                "target": target,
                **self.arguments(given),
            },
        )
        await context.log.info(f"Template file has been written to {done['target']}")


def _check_limits(done: Sequence[Json]) -> None:
    """Each job counts what it writes; together they may write what one may. Raises LimitReachedError."""
    for limit, allowed in done[0]["allowed"].items():
        if sum(one["written"][limit] for one in done) > allowed:
            raise LimitReachedError("render-tree", limit, allowed)


def shares_of(source: str) -> list[list[str] | None]:
    """Which top-level entries of a tree each of its jobs is to render; None for all. Only large trees are worth two."""
    entries = SafeFolder(Path(source)).entries()
    if len(entries) < WORTH_TWO_JOBS:
        return [None]
    sizes = Counter(entry.path.partition("/")[0] for entry in entries)
    first, taken = list[str](), 0
    for name in sorted(sizes):
        if taken + sizes[name] / 2 > len(entries) / 2:
            break
        first.append(name)
        taken += sizes[name]
    if not len(entries) / 4 < taken < len(entries) * 3 / 4:
        return [None]
    return [first, [name for name in sizes if name not in set(first)]]


def extension_of(given: Mapping[str, Json]) -> str | None:
    """The suffix of files to render, with its dot; None for all files."""
    extension = given.get("templateFileExtension")
    if extension is True:
        return ".njk"
    if not extension:
        return None
    return str(extension) if str(extension).startswith(".") else f".{extension}"
