"""Sites on this disk, a folder each. Source: spec/ui-backends.md §7 (publisher `local`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from app.errors import InputError, NotAllowedError, NotFoundError
from plugins.techdocs.interfaces import INDEX, METADATA, Site, StoredFile

_WAITING: Final = ".waiting"
"""What is about to become a site, or was one; no namespace begins with a dot."""


class LocalPublisher:
    """See `Publisher`. A site is replaced as a whole: readers see the old one or the new one."""

    redirects_case = True
    missing = b""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def ready(self) -> None:
        await asyncio.to_thread(self._make)

    def _make(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Left by a process that died half-way.
        shutil.rmtree(self._folder / _WAITING, ignore_errors=True)

    async def publish(self, site: Site, folder: Path) -> list[str]:
        return await asyncio.to_thread(self._publish, site, folder)

    def _publish(self, site: Site, folder: Path) -> list[str]:
        return self.replace(folder, self._folder / site.prefix, waiting=self._folder / _WAITING)

    @staticmethod
    def replace(folder: Path, place: Path, *, waiting: Path | None = None) -> list[str]:
        """Put a copy of a site's files in the place of another folder; gives their paths."""
        files = list(site_files(folder))
        beside = (waiting or place.parent / _WAITING) / uuid4().hex
        new, old = beside / "new", beside / "old"
        try:
            new.mkdir(parents=True)
            for path in files:
                (new / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / path, new / path, follow_symlinks=False)
            place.parent.mkdir(parents=True, exist_ok=True)
            # Two renames: for the moment between them there is no site, never half of one.
            if place.exists():
                place.rename(old)
            new.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            with contextlib.suppress(OSError):
                beside.parent.rmdir()
        return files

    async def metadata(self, site: Site) -> Mapping[str, Any]:
        content = await self.read(site, METADATA, max_bytes=16 * 1024 * 1024)
        return parsed_metadata(content)

    async def has_site(self, site: Site) -> bool:
        return await self.open(site, INDEX) is not None

    async def open(self, site: Site, path: str) -> StoredFile | None:
        found = await asyncio.to_thread(_status, self._folder / site.prefix, path)
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        return StoredFile(size=found.st_size, path=self._folder / site.prefix / path)

    async def is_folder(self, site: Site, path: str) -> bool:
        found = await asyncio.to_thread(_status, self._folder / site.prefix, path)
        return found is not None and stat.S_ISDIR(found.st_mode)

    async def read(self, site: Site, path: str, *, max_bytes: int) -> bytes:
        found = await self.open(site, path)
        if found is None or found.path is None:
            raise NotFoundError("File Not Found")
        if (found.size or 0) > max_bytes:
            raise InputError(f"{path} is larger than {max_bytes} bytes")
        return await asyncio.to_thread(found.path.read_bytes)


def _status(site: Path, path: str) -> os.stat_result | None:
    """Of a path below a site; None where there is nothing, or a link on the way."""
    place = site
    try:
        status = place.lstat()
        for segment in path.split("/"):
            if segment in ("", "."):
                continue
            if segment == ".." or not stat.S_ISDIR(status.st_mode):
                return None
            place /= segment
            status = place.lstat()
    except (OSError, ValueError):
        return None
    return status


def site_files(folder: Path) -> Iterator[str]:
    """The files of a built site, sorted. Raises NotAllowedError: a link or device among them."""
    found = []
    for where, folders, names in os.walk(folder):
        for name in (*folders, *names):
            place = Path(where, name)
            mode = place.lstat().st_mode
            path = place.relative_to(folder).as_posix()
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise NotAllowedError(f"{path} of the built site is neither a file nor a folder")
            if stat.S_ISREG(mode):
                found.append(path)
    yield from sorted(found)


def parsed_metadata(content: bytes) -> Mapping[str, Any]:
    """Raises NotFoundError: there is no telling what it says."""
    try:
        metadata = orjson.loads(content)
    except ValueError as error:
        raise NotFoundError(f"{METADATA} is not valid JSON") from error
    if not isinstance(metadata, dict):
        raise NotFoundError(f"{METADATA} is not valid JSON")
    return metadata
