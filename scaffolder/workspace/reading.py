"""A folder to read from."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from app.errors import InputError
from scaffolder import globbing
from scaffolder.workspace.entries import Entry, scanned
from scaffolder.workspace.walking import FOLDER, Paths

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_ENTRIES: Final = 200_000
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class ReadableFolder(Paths):
    """What is in a folder; see `Paths` for paths and errors."""

    def path(self, relative: str) -> Path:
        """See `Workspace.path`. The answer is a snapshot: reading and writing by it again is not protected."""
        with self.at(relative, missing=True) as place:
            return self.root / place.path if place.path else self.root

    def exists(self, relative: str) -> bool:
        """Whether there is anything, links followed; a link to nothing counts as nothing."""
        try:
            self.status(relative)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def status(self, relative: str, *, follow: bool = True) -> os.stat_result:
        with self.at(relative, follow=follow) as place:
            return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)

    def is_folder(self, relative: str) -> bool:
        try:
            return stat.S_ISDIR(self.status(relative).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def read(self, relative: str, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
        """A regular file's content. Raises InputError: it is larger, or something else than a file."""
        with self.at(relative) as place:
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
        with self.at(relative, follow=False) as place:
            return os.readlink(place.name, dir_fd=place.folder)

    def scan(self, relative: str = "") -> list[Entry]:
        """What one folder holds, sorted by name."""
        with self.at(relative) as place:
            folder = os.open(place.name, FOLDER, dir_fd=place.folder)
            try:
                return sorted(scanned(folder, place.path), key=lambda entry: entry.path)
            finally:
                os.close(folder)

    def entries(self, relative: str = "") -> list[Entry]:
        """Everything below a folder, links not followed, sorted by path."""
        found: list[Entry] = []
        with self.at(relative) as place:
            waiting = [(os.open(place.name, FOLDER, dir_fd=place.folder), place.path)]
            try:
                while waiting:
                    folder, path = waiting.pop()
                    try:
                        for entry in scanned(folder, path):
                            found.append(entry)
                            if entry.kind == "folder":
                                name = entry.path.rpartition("/")[2]
                                # One that became a link meanwhile fails to open, which is right.
                                waiting.append((os.open(name, FOLDER, dir_fd=folder), entry.path))
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
            with self.at(wanted, missing=True) as place:
                wanted = place.path
        matches = globbing.matcher(wanted or "**", is_folder=self.is_folder)
        return [entry.path for entry in self.entries() if entry.kind == "file" and matches(entry.path)]


def _content(descriptor: int, first: int, most: int) -> bytes:
    """A file to its end, or `most` bytes of it; `first` is how much to ask for at once."""
    parts = [os.read(descriptor, first)]
    size = len(parts[0])
    while parts[-1] and size < most:
        parts.append(os.read(descriptor, min(most - size, 1 << 20)))
        size += len(parts[-1])
    return parts[0] if len(parts) == 1 else b"".join(parts)
