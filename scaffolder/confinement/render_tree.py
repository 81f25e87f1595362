"""The jobs of fetch:template and workspace:template. Source: spec/scaffolder.md §4.6."""

from __future__ import annotations

import contextlib
import posixpath
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.errors import CallboardError, InputError
from scaffolder import globbing
from scaffolder.confinement.binary import is_binary
from scaffolder.language import Context, Dialect, Language
from scaffolder.workspace import Entry, SafeFolder, outside

if TYPE_CHECKING:
    from scaffolder.confinement.child import Child

Render = Callable[[str], str]
MAX_TEMPLATE_BYTES: Final = 16 * 1024 * 1024
"""Of one file to be rendered: more than the language takes anyway."""


@dataclass(frozen=True, slots=True)
class _Remote:
    """A filter or global of the host; quacks like TemplateFilter and TemplateGlobal."""

    id: str
    apply: Callable[..., Any]
    call: Callable[..., Any] | None = None
    value: Any = None


def render_tree(arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    """Render a folder into another one.

    Arguments: `source` and `root` (absolute folders), `target` (below the root), `values`, `copy` (globs or null),
    `extension` (with its dot, or null), `replace`, `only` (names of top-level entries, or null for all), and those of
    `_renderer`.
    Result: `count` of entries, `log` lines in order, `target` (absolute), and what has been `written` and what may be
    (`allowed`), both as `{"files", "bytes"}`.
    """
    source = SafeFolder(Path(arguments["source"]))
    workspace = child.folder(arguments["root"])
    target = workspace.relative(arguments["target"])
    entries = source.entries()
    only = arguments.get("only")
    if only is not None:
        wanted = set(only)
        entries = [entry for entry in entries if entry.path.partition("/")[0] in wanted]
    tree = _Tree(source, workspace, target, arguments, _renderer(arguments, child), entries)
    with source.holding(), workspace.holding():
        for entry in entries:
            tree.place(entry)
    limits, left = child.limits, child.budget
    return {
        "count": len(entries),
        "log": tree.log,
        "target": str(workspace.path(target)),
        "written": {"files": limits.files - left.files, "bytes": limits.bytes - left.bytes},
        "allowed": {"files": limits.files, "bytes": limits.bytes},
    }


def render_file(arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    """Render one file into another one; arguments as above, with `file` as the name in `source`."""
    source = SafeFolder(Path(arguments["source"]))
    workspace = child.folder(arguments["root"])
    target = workspace.relative(arguments["target"])
    content = source.read(arguments["file"])
    mode = stat.S_IMODE(source.status(arguments["file"]).st_mode)
    rendered = _rendered(content, _renderer(arguments, child))
    workspace.write(target, rendered, mode=mode)
    return {"target": str(workspace.path(target))}


class _Tree:
    def __init__(
        self,
        source: SafeFolder,
        workspace: SafeFolder,
        target: str,
        arguments: Mapping[str, Any],
        render: Render,
        entries: list[Entry],
    ) -> None:
        self.log: list[str] = []
        self._source = source
        self._workspace = workspace
        self._target = target
        self._render = render
        self._extension: str | None = arguments.get("extension")
        self._replace: bool = bool(arguments.get("replace"))
        self._copied = globbing.chosen(
            arguments.get("copy") or [], (entry.path for entry in entries), is_folder=source.is_folder
        )

    def place(self, entry: Entry) -> None:
        """Write one entry of the source to where its rendered name says, unless that is nowhere or taken."""
        shown = f"{entry.path}/" if entry.kind == "folder" else entry.path
        name, contents = self._named(entry, shown)
        if not name or name.startswith("/") or "//" in name:
            return
        path = self._inside(name)
        if not self._replace and self._workspace.exists(path):
            return
        if not contents and not self._extension:
            self.log.append(f"Copying file/directory {shown} without processing.")
        if entry.kind == "folder":
            self.log.append(f"Writing directory {shown} to template output path.")
            self._workspace.make_folder(path)
        elif entry.kind == "link":
            self._say_copied(shown)
            self._copy_link(entry, path)
        elif entry.kind == "file":
            self._write(entry, shown, path, contents)

    def _named(self, entry: Entry, shown: str) -> tuple[str, bool]:
        """The rendered name, and whether the content is to be rendered."""
        if self._extension:
            _, extension = posixpath.splitext(entry.path)
            if extension == self._extension and entry.kind != "folder":
                return self._render(shown.removesuffix(extension)), True
            return self._render(shown), False
        return self._render(shown), entry.path not in self._copied

    def _inside(self, name: str) -> str:
        """The rendered name below the target; it may not lead out of that either."""
        path = posixpath.normpath(posixpath.join(self._target, name))
        below = f"{self._target}/" if self._target else ""
        if path != self._target and not (path == "." and not below) and not path.startswith(below):
            raise outside()
        if path.startswith("../") or path == "..":
            raise outside()
        return self._workspace.relative(path)

    def _write(self, entry: Entry, shown: str, path: str, contents: bool) -> None:
        content = self._source.read(entry.path)
        if is_binary(content):
            self._say_copied(shown)
            self._workspace.write(path, content, mode=entry.mode)
            return
        self.log.append(f"Writing file {shown} to template output path with mode {entry.mode}.")
        self._workspace.write(path, _rendered(content, self._render) if contents else content, mode=entry.mode)

    def _say_copied(self, shown: str) -> None:
        self.log.append(f"Copying file binary or symbolic link at {shown}, to template output path.")

    def _copy_link(self, entry: Entry, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._workspace.remove(path)
        self._workspace.make_link(path, self._source.link(entry.path))


def _renderer(arguments: Mapping[str, Any], child: Child) -> Render:
    """Renders texts with `values` under `root_name`, by the dialect and with the host's filters and globals."""
    dialect = Dialect(
        cookiecutter=bool(arguments.get("cookiecutter")),
        trim_blocks=bool(arguments.get("trim_blocks")),
        lstrip_blocks=bool(arguments.get("lstrip_blocks")),
        legacy=bool(arguments.get("legacy", True)),
    )
    filters: list[Any] = [_Remote(name, child.call("filter", name)) for name in arguments.get("filters", ())]
    added: list[Any] = [
        _Remote(name, _uncallable, call=child.call("global", name)) for name in arguments.get("functions", ())
    ]
    added += [_Remote(name, _uncallable, value=value) for name, value in arguments.get("constants", {}).items()]
    language = Language(filters=filters, globals=added, dialect=dialect)
    root_name = "cookiecutter" if dialect.cookiecutter else "values"
    values = arguments.get("values")
    context = Context({} if values is None else {root_name: values})

    def render(text: str) -> str:
        return text if language.is_plain(text) else language.compile(text).render(context)

    return render


def _uncallable(*_: Any) -> Any:
    raise CallboardError("this is not a filter")


def _rendered(content: bytes, render: Render) -> bytes:
    if len(content) > MAX_TEMPLATE_BYTES:
        raise InputError(f"A template file may have {MAX_TEMPLATE_BYTES} bytes at most")
    text = render(content.decode("utf-8", "replace"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        # JavaScript joins halves of surrogate pairs, and writes those left over as the replacement character.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
