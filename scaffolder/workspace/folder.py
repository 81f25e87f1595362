"""The folder of a task."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from app.errors import InputError, NotAllowedError
from scaffolder.workspace.budget import Budget
from scaffolder.workspace.reading import ReadableFolder
from scaffolder.workspace.walking import FOLDER, outside

_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class SafeFolder(ReadableFolder):
    """The concrete `Workspace`; also the sources that actions read from.

    `budget`: how much may be written. See `Paths` for paths and errors.
    """

    def __init__(self, root: Path, *, budget: Budget | None = None) -> None:
        super().__init__(root)
        self._budget = budget

    def write(self, relative: str, content: bytes, *, mode: int = 0o644) -> None:
        """Write a file, parents made as needed; one that is there is replaced and keeps no mode of its own."""
        if self._budget:
            self._budget.spend(len(content))
        with self.at(relative, create=True) as place:
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
        with self.at(relative) as place:
            descriptor = os.open(place.name, _WRITE | os.O_APPEND, 0o644, dir_fd=place.folder)
            with os.fdopen(descriptor, "ab") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                    raise NotAllowedError(f"{relative} is not a regular file of one name")
                file.write(content)

    def make_folder(self, relative: str) -> None:
        """Make a folder and its parents; one that is there is fine."""
        with self.at(relative, create=True) as place:
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
        with self.at(relative, create=True, follow=False) as place:
            os.symlink(target, place.name, dir_fd=place.folder)

    def remove(self, relative: str) -> None:
        """Remove a file, or a link itself; folders stay."""
        with self.at(relative, follow=False) as place:
            os.unlink(place.name, dir_fd=place.folder)

    def remove_tree(self, relative: str) -> None:
        """Remove a folder and all below it, or a file. Links are removed, not followed."""
        with self.at(relative, follow=False) as place:
            status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                _remove_below(place.name, place.folder)
            else:
                os.unlink(place.name, dir_fd=place.folder)

    def rename(self, source: str, target: str) -> None:
        """Move a file, folder or link; the target's parents are made, a file there is replaced."""
        with self.at(source, follow=False) as old, self.at(target, create=True, follow=False) as new:
            if old.name == "." or new.name == ".":
                raise outside()
            os.rename(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _remove_below(name: str, parent: int) -> None:
    folder = os.open(name, FOLDER, dir_fd=parent)
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
