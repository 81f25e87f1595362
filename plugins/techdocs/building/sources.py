"""Brings the sources of a site into a folder of its own: from this machine, from git, from a repository's host."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from app.errors import InputError, NotAllowedError, NotFoundError, NotModifiedError
from app.interfaces import GitTarget, Reading
from app.reading.interfaces import plain_path
from plugins.techdocs.references import DocsLocation
from plugins.techdocs.settings import LimitSettings

MAX_DEPTH = 50


class Sources:
    def __init__(self, reading: Reading, limits: LimitSettings) -> None:
        self._reading = reading
        self._files, self._bytes = limits.files, limits.megabytes * 1024 * 1024

    async def bring(
        self, location: DocsLocation, into: Path, *, etag: str | None, without: Path | None = None
    ) -> str | None:
        """Fill the empty folder `into`; gives what the source is like now, as text to compare. A folder of this
        machine is copied `without` one in it.

        Raises:
            NotModifiedError: it is like `etag` still.
            NotAllowedError: a link leads out of the source, or the source may not be read.
            NotFoundError, InputError, ServiceUnavailableError.
        """
        if location.type == "dir":
            return await asyncio.to_thread(self._copy, Path(location.target), into, etag, without)
        if location.folder is not None:
            return await self._checkout(location.folder, into, etag)
        found = await self._reading.reader_for(location.target).read_tree(location.target, etag=etag)
        budget = _Budget(self._files, self._bytes)
        budget.count(len(found.files))
        for file in found.files:
            content = await file.read()
            budget.add(len(content))
            await asyncio.to_thread(_write, into, file.path, content)
        return found.etag

    async def _checkout(self, at: GitTarget, into: Path, etag: str | None) -> str:
        git = self._reading.git
        head = await git.head(at.remote, at.ref)
        if head == etag:
            raise NotModifiedError()
        with tempfile.TemporaryDirectory(prefix="techdocs-") as whole:
            commit = await git.checkout(at.remote, at.ref, Path(whole))
            await asyncio.to_thread(self._copy, Path(whole, at.path.strip("/")), into, None)
        return commit

    def _copy(self, folder: Path, into: Path, etag: str | None, without: Path | None = None) -> str:
        """Copies plain files, and links to files inside; gives a hash of all names and contents."""
        try:
            root = folder.resolve(strict=True)
            entries = list(_walk(root, root, without.resolve() if without else None, 0)) if root.is_dir() else None
        except FileNotFoundError:
            entries = None
        if entries is None:
            raise NotFoundError(f"The folder {folder} of the documentation does not exist")
        budget = _Budget(self._files, self._bytes)
        budget.count(len(entries))
        digest = sha256()
        contents = []
        for path, place in sorted(entries):
            descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                content = file.read(budget.left + 1)
            budget.add(len(content))
            digest.update(f"{path}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
            digest.update(content)
            contents.append((path, content))
        seen = digest.hexdigest()
        if seen == etag:
            raise NotModifiedError()
        for path, content in contents:
            _write(into, path, content)
        return seen


class _Budget:
    def __init__(self, files: int, size: int) -> None:
        self._files, self._size, self.left = files, size, size

    def count(self, files: int) -> None:
        if files > self._files:
            raise InputError(f"The documentation's source holds more than {self._files} files")

    def add(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise InputError(f"The documentation's source holds more than {self._size} bytes")


def _walk(root: Path, folder: Path, without: Path | None, depth: int) -> Iterator[tuple[str, str]]:
    """Relative path and real place of every file. Raises NotAllowedError for links that lead out (CVE-2026-25152)."""
    if depth > MAX_DEPTH:
        raise InputError("The documentation's source is nested too deeply")
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        path = os.path.relpath(entry.path, root)
        if entry.is_symlink():
            place = os.path.realpath(entry.path)
            if not place.startswith(f"{root}{os.sep}") or not Path(place).is_file():
                raise NotAllowedError(f"Path {path} is not allowed to refer to a location outside the source")
            yield path, place
        elif entry.is_dir(follow_symlinks=False):
            # A repository's own folder is not documentation, and full of other things.
            if entry.name != ".git" and Path(entry.path) != without:
                yield from _walk(root, Path(entry.path), without, depth + 1)
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path, entry.path


def _write(into: Path, path: str, content: bytes) -> None:
    if plain_path(path) != path:
        raise InputError(f"The documentation's source holds a file with a forbidden path: {path[:200]!r}")
    place = into / path
    place.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "wb") as file:
        file.write(content)
