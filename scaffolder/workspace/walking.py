"""A folder that no path leads out of: the only code of the scaffolder that resolves paths.

Every path is walked segment by segment from an open folder, and no step of the kernel's follows a link: links are read
and followed here, within the root. What is checked is therefore what is opened, whatever somebody swaps in between
(CVE-2024-26150, CVE-2026-24047). Source: spec/scaffolder.md §5.0.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import InputError, NotAllowedError

OUTSIDE: Final = "Relative path is not allowed to refer to a directory outside its parent"
MAX_LINKS: Final = 40
"""Links on one path, as in the kernel."""
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def outside() -> NotAllowedError:
    return NotAllowedError(OUTSIDE)


@dataclass(slots=True)
class Place:
    """An open folder and a name in it; `.` is the folder itself. `path` has no links in it."""

    folder: int
    name: str
    path: str


class Paths:
    """The paths of one folder.

    They are relative to the root, or absolute and inside it; either way they are taken as written before any link is
    looked at (`a/../b` is `b`), as the reference does. All methods raise NotAllowedError where a path would lead
    outside, FileNotFoundError, and other OSErrors of the file system.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._holding = False
        self._held: tuple[str, int] | None = None

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep the folder last entered open meanwhile, for many files one after the other.

        For those who know that nobody moves folders about in between: what is written goes where the folder is then.
        """
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
            self._hold(None)

    def _hold(self, held: tuple[str, int] | None) -> None:
        if self._held is not None:
            os.close(self._held[1])
        self._held = held

    def relative(self, path: str) -> str:
        """The path from the root, by its text alone; empty for the root itself."""
        if "\0" in path:
            raise InputError("A path cannot hold a NUL character")
        if path.startswith("/"):
            inside = posixpath.relpath(posixpath.normpath(path), str(self.root))
        else:
            inside = posixpath.normpath(path or ".")
        if inside == ".." or inside.startswith(("../", "/")):
            raise outside()
        return "" if inside == "." else inside

    @contextmanager
    def at(self, relative: str, *, create: bool = False, follow: bool = True, missing: bool = False) -> Iterator[Place]:
        """Where a path leads. `create` makes folders on the way, `missing` allows for what is not there, `follow` says
        whether a link at the very end is followed."""
        inside = self.relative(relative)
        parent, _, name = inside.rpartition("/")
        if name and self._held is not None and self._held[0] == parent:
            held = self._held[1]
            if not follow or _link_target(held, name) is None:
                yield Place(held, name, inside)
                return
        pending = deque(_split(inside))
        # Open folders from the root down; None for one that is not there.
        walked: list[tuple[int | None, str]] = [(os.open(self.root, FOLDER), "")]
        links = 0
        last = "."
        try:
            while pending:
                segment = pending.popleft()
                if segment == "..":
                    _step_up(walked)
                    continue
                folder = walked[-1][0]
                entered = _open_folder(folder, segment) if folder is not None and pending else None
                if entered is not None:
                    walked.append((entered, segment))
                    continue
                target = _link_target(folder, segment) if folder is not None and (pending or follow) else None
                if target is not None:
                    links += 1
                    if links > MAX_LINKS:
                        raise NotAllowedError("Too many levels of symbolic links")
                    if target.startswith("/"):
                        target = self.relative(target)
                        while len(walked) > 1:
                            _step_up(walked)
                    pending.extendleft(reversed(_split(target)))
                elif not pending:
                    last = segment
                else:
                    walked.append((_entered(folder, segment, create=create, missing=missing), segment))
            folder = walked[-1][0]
            names = [name for _, name in walked[1:]] + ([] if last == "." else [last])
            if self._holding and folder is not None and last == name and not links:
                self._hold((parent, os.dup(folder)))
            yield Place(-1 if folder is None else folder, last, "/".join(names))
        finally:
            for descriptor, _ in walked:
                if descriptor is not None:
                    os.close(descriptor)


def _split(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment not in ("", ".")]


def _step_up(walked: list[tuple[int | None, str]]) -> None:
    if len(walked) == 1:
        raise outside()
    descriptor, _ = walked.pop()
    if descriptor is not None:
        os.close(descriptor)


def _link_target(folder: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        # No link, nothing there, or a parent that is no folder: the next step will say.
        if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def _open_folder(folder: int, name: str) -> int | None:
    try:
        return os.open(name, FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def _entered(folder: int | None, name: str, *, create: bool, missing: bool) -> int | None:
    if folder is None:
        return None
    try:
        return os.open(name, FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if missing:
            return None
        if not create:
            raise
    except NotADirectoryError:
        if missing:
            return None
        raise
    # If somebody was faster, what they made is opened like anything else.
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o777, dir_fd=folder)
    return os.open(name, FOLDER, dir_fd=folder)
