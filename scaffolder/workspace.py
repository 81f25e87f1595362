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
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from app.errors import InputError, NotAllowedError
from scaffolder import globbing

OUTSIDE: Final = "Relative path is not allowed to refer to a directory outside its parent"
MAX_LINKS: Final = 40
"""Links on one path, as in the kernel."""
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_ENTRIES: Final = 200_000

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is relative to the root; `mode` as `lstat` gives it."""

    path: str
    kind: Kind
    mode: int
    size: int


@dataclass(slots=True)
class Budget:
    """How much may still be written. Raises what `exceeded` makes of the limit's name."""

    files: int
    bytes: int

    def spend(self, size: int) -> None:
        self.files -= 1
        self.bytes -= size
        if self.files < 0:
            raise BudgetExceededError("files")
        if self.bytes < 0:
            raise BudgetExceededError("bytes")


class BudgetExceededError(Exception):
    """`limit` is `files` or `bytes`."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"more {limit} than allowed")
        self.limit = limit


@dataclass(slots=True)
class _Place:
    """An open folder and a name in it; `.` is the folder itself. `path` has no links in it."""

    folder: int
    name: str
    path: str


def outside() -> NotAllowedError:
    return NotAllowedError(OUTSIDE)


class SafeFolder:
    """The concrete `Workspace`; also the sources that actions read from.

    Paths are relative to the root, or absolute and inside it; either way they are taken as written before any link is
    looked at (`a/../b` is `b`), as the reference does. All methods raise NotAllowedError where a path would lead
    outside, FileNotFoundError, and other OSErrors of the file system.
    """

    def __init__(self, root: Path, *, budget: Budget | None = None) -> None:
        self.root = root.resolve()
        self._budget = budget
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

    # ------------------------------------------------------------------------------------------------- paths

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

    def path(self, relative: str) -> Path:
        """See `Workspace.path`. The answer is a snapshot: reading and writing by it again is not protected."""
        with self._at(relative, missing=True) as place:
            return self.root / place.path if place.path else self.root

    def exists(self, relative: str) -> bool:
        """Whether there is anything, links followed; a link to nothing counts as nothing."""
        try:
            self.status(relative)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def status(self, relative: str, *, follow: bool = True) -> os.stat_result:
        with self._at(relative, follow=follow) as place:
            return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)

    def is_folder(self, relative: str) -> bool:
        try:
            return stat.S_ISDIR(self.status(relative).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    # ------------------------------------------------------------------------------------------------ reading

    def read(self, relative: str, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
        """A regular file's content. Raises InputError: it is larger, or something else than a file."""
        with self._at(relative) as place:
            descriptor = os.open(place.name, _READ, dir_fd=place.folder)
            try:
                status = os.fstat(descriptor)
                if stat.S_ISDIR(status.st_mode):
                    raise IsADirectoryError(errno.EISDIR, "Is a directory", relative)
                if not stat.S_ISREG(status.st_mode):
                    raise InputError(f"{relative} is not a regular file")
                content = _content(descriptor, min(status.st_size, max_bytes) + 1, max_bytes + 1)
            finally:
                os.close(descriptor)
        if len(content) > max_bytes:
            raise InputError(f"{relative} is larger than {max_bytes} bytes")
        return content

    def link(self, relative: str) -> str:
        """Where a symbolic link points, as written in it."""
        with self._at(relative, follow=False) as place:
            return os.readlink(place.name, dir_fd=place.folder)

    def scan(self, relative: str = "") -> list[Entry]:
        """What one folder holds, sorted by name."""
        with self._at(relative) as place:
            folder = os.open(place.name, _FOLDER, dir_fd=place.folder)
            try:
                return sorted(_scanned(folder, place.path), key=lambda entry: entry.path)
            finally:
                os.close(folder)

    def entries(self, relative: str = "") -> list[Entry]:
        """Everything below a folder, links not followed, sorted by path."""
        found: list[Entry] = []
        with self._at(relative) as place:
            waiting = [(os.open(place.name, _FOLDER, dir_fd=place.folder), place.path)]
            try:
                while waiting:
                    folder, path = waiting.pop()
                    try:
                        for entry in _scanned(folder, path):
                            found.append(entry)
                            if entry.kind == "folder":
                                name = entry.path.rpartition("/")[2]
                                # One that became a link meanwhile fails to open, which is right.
                                waiting.append((os.open(name, _FOLDER, dir_fd=folder), entry.path))
                        if len(found) > MAX_ENTRIES:
                            raise InputError(f"The folder holds more than {MAX_ENTRIES} entries")
                    finally:
                        os.close(folder)
            finally:
                for folder, _ in waiting:
                    os.close(folder)
        return sorted(found, key=lambda entry: entry.path)

    def glob(self, pattern: str) -> list[str]:
        """Files (no links) that match, dot files too; a folder's name stands for all files below it.

        A pattern that would lead out of the root is refused, whether or not it matches anything.
        """
        wanted = self.relative(pattern)
        if not any(sign in wanted for sign in "*?[{"):
            with self._at(wanted, missing=True) as place:
                wanted = place.path
        matches = globbing.matcher(wanted or "**", is_folder=self.is_folder)
        return [entry.path for entry in self.entries() if entry.kind == "file" and matches(entry.path)]

    # ------------------------------------------------------------------------------------------------ writing

    def write(self, relative: str, content: bytes, *, mode: int = 0o644) -> None:
        """Write a file, parents made as needed; one that is there is replaced and keeps no mode of its own."""
        if self._budget:
            self._budget.spend(len(content))
        with self._at(relative, create=True) as place:
            descriptor = os.open(place.name, _WRITE, mode & 0o777, dir_fd=place.folder)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise InputError(f"{relative} is not a regular file")
                # Truncated only now, and never by O_TRUNC: a hard link or device must not lose its content by name.
                if status.st_nlink > 1:
                    raise NotAllowedError(f"{relative} has a second name, which may lie elsewhere")
                if status.st_size:
                    os.ftruncate(descriptor, 0)
                if stat.S_IMODE(status.st_mode) != mode & 0o777:
                    os.fchmod(descriptor, mode & 0o777)
                _write_all(descriptor, content)
            finally:
                os.close(descriptor)

    def append(self, relative: str, content: bytes) -> None:
        """Write at the end of a file, made if need be; its folder has to be there."""
        if self._budget:
            self._budget.spend(len(content))
        with self._at(relative) as place:
            descriptor = os.open(place.name, _WRITE | os.O_APPEND, 0o644, dir_fd=place.folder)
            with os.fdopen(descriptor, "ab") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                    raise NotAllowedError(f"{relative} is not a regular file of one name")
                file.write(content)

    def make_folder(self, relative: str) -> None:
        """Make a folder and its parents; one that is there is fine."""
        with self._at(relative, create=True) as place:
            if place.name == ".":
                return
            try:
                os.mkdir(place.name, 0o777, dir_fd=place.folder)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(place.name, dir_fd=place.folder, follow_symlinks=False).st_mode):
                    raise

    def make_link(self, relative: str, target: str) -> None:
        """A symbolic link with any text: whoever goes through this class cannot be led out by it."""
        if self._budget:
            self._budget.spend(len(target))
        with self._at(relative, create=True, follow=False) as place:
            os.symlink(target, place.name, dir_fd=place.folder)

    def remove(self, relative: str) -> None:
        """Remove a file, or a link itself; folders stay."""
        with self._at(relative, follow=False) as place:
            os.unlink(place.name, dir_fd=place.folder)

    def remove_tree(self, relative: str) -> None:
        """Remove a folder and all below it, or a file. Links are removed, not followed."""
        with self._at(relative, follow=False) as place:
            status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                _remove_below(place.name, place.folder)
            else:
                os.unlink(place.name, dir_fd=place.folder)

    def rename(self, source: str, target: str) -> None:
        """Move a file, folder or link; the target's parents are made, a file there is replaced."""
        with self._at(source, follow=False) as old, self._at(target, create=True, follow=False) as new:
            if old.name == "." or new.name == ".":
                raise outside()
            os.rename(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder)

    # ------------------------------------------------------------------------------------------------- inside

    @contextmanager
    def _at(
        self, relative: str, *, create: bool = False, follow: bool = True, missing: bool = False
    ) -> Iterator[_Place]:
        """Where a path leads. `create` makes folders on the way, `missing` allows for what is not there, `follow` says
        whether a link at the very end is followed."""
        inside = self.relative(relative)
        parent, _, name = inside.rpartition("/")
        if name and self._held is not None and self._held[0] == parent:
            held = self._held[1]
            if not follow or _link_target(held, name) is None:
                yield _Place(held, name, inside)
                return
        pending = deque(_split(inside))
        # Open folders from the root down; None for one that is not there.
        walked: list[tuple[int | None, str]] = [(os.open(self.root, _FOLDER), "")]
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
            yield _Place(-1 if folder is None else folder, last, "/".join(names))
        finally:
            for descriptor, _ in walked:
                if descriptor is not None:
                    os.close(descriptor)


def _content(descriptor: int, first: int, most: int) -> bytes:
    """A file to its end, or `most` bytes of it; `first` is how much to ask for at once."""
    parts = [os.read(descriptor, first)]
    size = len(parts[0])
    while parts[-1] and size < most:
        parts.append(os.read(descriptor, min(most - size, 1 << 20)))
        size += len(parts[-1])
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


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
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def _entered(folder: int | None, name: str, *, create: bool, missing: bool) -> int | None:
    if folder is None:
        return None
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
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
    return os.open(name, _FOLDER, dir_fd=folder)


def _scanned(folder: int, path: str) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        for entry in found:
            status = entry.stat(follow_symlinks=False)
            yield Entry(
                f"{path}/{entry.name}" if path else entry.name, _kind(status.st_mode), status.st_mode, status.st_size
            )


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def _remove_below(name: str, parent: int) -> None:
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        with os.scandir(folder) as found:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
        for child, is_folder in entries:
            if is_folder:
                _remove_below(child, folder)
            else:
                os.unlink(child, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)
