"""The job of roadiehq:utils:fs:replace: JavaScript's `replaceAll`, literal or by a regular expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.errors import InputError
from scaffolder.confinement.binary import is_binary
from scaffolder.language.limits import Limits as LanguageLimits
from scaffolder.language.limits import Meter
from scaffolder.language.regex.operations import matches, replaced
from scaffolder.language.regex.program import compiled
from scaffolder.language.regex.syntax import RegexError
from scaffolder.language.units import from_units, to_units

if TYPE_CHECKING:
    from scaffolder.confinement.child import Child

STEPS = 50_000_000
"""Of matching, for all files of one replacement."""


def replace_text(arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    """Replace in each of `files` of the folder `root`: `find` by `with`, as a `regex` with flag g or literally.
    `$&`, `$1` and their like mean what they mean in JavaScript. Binary files are left alone."""
    workspace = child.folder(arguments["root"])
    meter = Meter(LanguageLimits(regex_steps=STEPS, text=1 << 30, work=1 << 30))
    find, new = to_units(arguments["find"]), to_units(arguments["with"])
    changed = []
    for path in arguments["files"]:
        content = workspace.read(path)
        if is_binary(content):
            continue
        text = to_units(content.decode("utf-8", "replace"))
        if arguments.get("regex"):
            try:
                program = compiled(find, "g")
            except RegexError as error:
                raise InputError(f"Invalid regular expression {arguments['find'][:200]!r}: {error}") from error
            result = replaced(matches(program, "g", text, 0, meter), text, new, meter)
        else:
            result = text.replace(find, new)
        if result != text:
            mode = workspace.status(path).st_mode & 0o777
            workspace.write(path, from_units(result).encode("utf-8", "replace"), mode=mode)
            changed.append(path)
    return {"changed": changed}
