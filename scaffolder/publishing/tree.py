"""The files of a workspace as an API takes them, where nothing is pushed. Source: spec/scaffolder.md §5.0
(serializeDirectory)."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pathspec import GitIgnoreSpec

from app.errors import InputError
from scaffolder.interfaces import Workspace
from scaffolder.publishing.pushing import source_path
from scaffolder.workspace import Entry, SafeFolder

MAX_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WorkspaceFile:
    """`path` is relative to the source; a link's content is where it points."""

    path: str
    content: bytes
    executable: bool = False
    link: bool = False


def workspace_files(workspace: Workspace, source: str | None = None, *, gitignore: bool = True) -> list[WorkspaceFile]:
    """Everything below a folder of the workspace, sorted by path, dot files too, without its own `.git`.

    `gitignore` leaves out what the folder's `.gitignore` files name. Blocking: call it in a thread. Raises InputError
    for a source that is no folder, or for more than `MAX_BYTES`; NotAllowedError for one outside.
    """
    folder = workspace if isinstance(workspace, SafeFolder) else SafeFolder(workspace.root)
    root = folder.relative(source_path(source))
    if root and not folder.is_folder(root):
        raise InputError("Invalid source path")
    prefix = f"{root}/" if root else ""
    entries = [
        entry
        for entry in folder.entries(root)
        if entry.kind in ("file", "link") and not _is_git(entry.path.removeprefix(prefix))
    ]
    if gitignore:
        ignored = _Ignored(folder, prefix, entries)
        entries = [entry for entry in entries if not ignored(entry.path)]
    if sum(entry.size for entry in entries) > MAX_BYTES:
        raise InputError(f"The workspace holds more than {MAX_BYTES} bytes")
    return [_read(folder, entry, prefix) for entry in entries]


def _read(folder: SafeFolder, entry: Entry, prefix: str) -> WorkspaceFile:
    path = entry.path.removeprefix(prefix)
    if entry.kind == "link":
        return WorkspaceFile(path, folder.link(entry.path).encode("utf-8", "surrogateescape"), link=True)
    return WorkspaceFile(path, folder.read(entry.path), executable=bool(entry.mode & stat.S_IXUSR))


def _is_git(path: str) -> bool:
    return path == ".git" or path.startswith(".git/")


class _Ignored:
    """The `.gitignore` files of a tree, the deeper ones last, as git weighs them."""

    def __init__(self, folder: SafeFolder, prefix: str, entries: Iterable[Entry]) -> None:
        self._specs: list[tuple[str, GitIgnoreSpec]] = []
        for entry in entries:
            if posixpath.basename(entry.path) == ".gitignore" and entry.kind == "file":
                lines = folder.read(entry.path).decode("utf-8", "replace").splitlines()
                place = posixpath.dirname(entry.path)
                self._specs.append((f"{place}/" if place else "", GitIgnoreSpec.from_lines(lines)))
        self._specs.sort(key=lambda one: len(one[0]))
        self._prefix = prefix
        self._folders: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        parent = posixpath.dirname(path)
        # What lies in an ignored folder cannot be let in again.
        if parent and len(parent) >= len(self._prefix) and self._folder(parent):
            return True
        return self._said(path)

    def _folder(self, path: str) -> bool:
        if path not in self._folders:
            parent = posixpath.dirname(path)
            above = bool(parent) and len(parent) >= len(self._prefix) and self._folder(parent)
            self._folders[path] = above or self._said(f"{path}/")
        return self._folders[path]

    def _said(self, path: str) -> bool:
        ignored = False
        for place, spec in self._specs:
            if path.startswith(place):
                result = spec.check_file(path.removeprefix(place)).include
                ignored = ignored if result is None else result
        return ignored
