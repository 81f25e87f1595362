"""The files that fetch:template would fill in, held against the values their step gives them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from catalog.lint.findings import Finding
from scaffolder import globbing
from scaffolder.cli.source import Source, is_absolute
from scaffolder.confinement.binary import is_binary
from scaffolder.interfaces import TemplateFilter, TemplateGlobal
from scaffolder.language import Dialect, Language, LanguageError
from scaffolder.language.analysis import references
from scaffolder.language.host import Host
from scaffolder.workflow.rendering import STATUS_FUNCTIONS

Json = Any
MAX_BYTES: Final = 1024 * 1024
"""Larger files are left to the server."""
_ACTIONS: Final = frozenset({"fetch:template", "fetch:template:file"})


class Skeletons:
    """`host` has the filters and globals of this deployment."""

    def __init__(self, host: Host) -> None:
        self._filters = [TemplateFilter(name, apply) for name, apply in host.filters.items()]
        of_workflows = {one.id for one in STATUS_FUNCTIONS}
        self._globals = [
            TemplateGlobal(name, call=call) for name, call in host.functions.items() if name not in of_workflows
        ]
        self._globals += [TemplateGlobal(name, value=value) for name, value in host.values.items()]

    def findings(self, source: Source) -> Iterator[Finding]:
        """Errors for what cannot be parsed, warnings for values that the step does not give."""
        for step in source.entity["spec"]["steps"]:
            given = step.get("input")
            if step.get("action") in _ACTIONS and isinstance(given, Mapping) and isinstance(given.get("url"), str):
                yield from self._of_step(source, given)

    def _of_step(self, source: Source, given: Mapping[str, Json]) -> Iterator[Finding]:
        url, extension = given["url"], given.get("templateFileExtension")
        top = (source.folder / url).resolve()
        if is_absolute(url) or "{" in url or not top.is_relative_to(source.root.resolve()) or not top.exists():
            return
        if top == source.folder.resolve() or source.folder.resolve().is_relative_to(top):
            # The template itself is among the files: its own expressions are no values.
            return
        if not isinstance(extension, (str, bool, type(None))) or "{" in str(extension):
            return
        language = self._language(given)
        root = "cookiecutter" if given.get("cookiecutterCompat") is True else "values"
        known = _given_names(given.get("values"))
        suffix = _suffix(extension)
        folder = top if top.is_dir() else top.parent
        paths = sorted(top.rglob("*")) if top.is_dir() else [top]
        names = [path.relative_to(folder).as_posix() for path in paths]
        patterns = given.get("copyWithoutTemplating")
        copied = globbing.chosen(
            [one for one in patterns if isinstance(one, str)] if isinstance(patterns, list) else [],
            iter(names),
            is_folder=lambda name: (folder / name).is_dir(),
        )
        beside = Path(os.path.normpath(source.folder / url))
        for path, name in zip(paths, names, strict=True):
            shown = str(beside / name if top.is_dir() else beside)
            yield from _of_text(name, shown, language, root, known, "The name of this file: ")
            if path.is_file() and not path.is_symlink() and name not in copied and path.name.endswith(suffix):
                content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b"\0"
                if not is_binary(content):
                    yield from _of_text(content.decode("utf-8", "replace"), shown, language, root, known, "")

    def _language(self, given: Mapping[str, Json]) -> Language:
        dialect = Dialect(
            cookiecutter=given.get("cookiecutterCompat") is True,
            trim_blocks=given.get("trimBlocks") is True,
            lstrip_blocks=given.get("lstripBlocks") is True,
        )
        return Language(filters=self._filters, globals=self._globals, dialect=dialect)


def _suffix(extension: Json) -> str:
    if not extension:
        return ""
    return ".njk" if extension is True else extension if extension.startswith(".") else f".{extension}"


def _given_names(values: Json) -> frozenset[str] | None:
    """The names a step gives; None where they are known only when it runs."""
    return frozenset(values) if isinstance(values, Mapping) else None


def _of_text(
    text: str, path: str, language: Language, root: str, known: frozenset[str] | None, prefix: str
) -> Iterator[Finding]:
    if language.is_plain(text):
        return
    try:
        compiled = language.compile(text)
    except LanguageError as error:
        line, column = (1, 1) if prefix else (error.line or 1, error.column or 1)
        yield Finding(path, line, column, "skeleton", f"{prefix}{error.detail}")
        return
    for detail, line, column in compiled.doomed:
        place = (1, 1) if prefix else (line, column)
        yield Finding(path, *place, "skeleton", f"{prefix}{detail}")
    for one in references(compiled):
        name = one.path[1] if len(one.path) > 1 else None
        if one.kind == "variable" and one.path[0] == root and known is not None and name and name not in known:
            line, column = (1, 1) if prefix else (one.line, one.column)
            message = f"{prefix}{root}.{name} is not among the values that the step gives"
            yield Finding(path, line, column, "skeleton", message, "warning")
