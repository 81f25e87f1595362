"""What the template actions share: how a confined render is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InputError
from scaffolder.interfaces import ActionContext, Json, ScaffolderExtensions

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
        done = await context.confined(
            "render-tree",
            {
                "source": source,
                "root": str(context.workspace.root),
                "target": target,
                "copy": copied,
                "extension": extension,
                "replace": bool(given.get("replace")),
                **self.arguments(given),
            },
        )
        await context.log.info(
            f"Processing {done['count']} template files/directories with input values", given.get("values")
        )
        for line in done["log"]:
            await context.log.info(line)
        await context.log.info(f"Template result written to {done['target']}")

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


def extension_of(given: Mapping[str, Json]) -> str | None:
    """The suffix of files to render, with its dot; None for all files."""
    extension = given.get("templateFileExtension")
    if extension is True:
        return ".njk"
    if not extension:
        return None
    return str(extension) if str(extension).startswith(".") else f".{extension}"
