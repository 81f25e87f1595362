"""Read what locations hold: files, URLs, git remotes. Source: spec/catalog.md §4.6.

A failed read emits an error, and an error keeps everything as it was: only what was read whole replaces.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

from app.errors import CallboardError, InputError, NotFoundError, NotModifiedError
from app.interfaces import FoundFile, Reading, SearchResponse
from catalog.ingestion.parse_pool import ParsePool
from catalog.interfaces import CatalogProcessor, Emit, LocationSpec, ProcessorCache
from catalog.validation.urls import is_absolute_url

CONCURRENT_READS = 5
"""Files of one location that are read at a time. Source: §4.6, url-reader."""
BREATH = 64
ETAG = "etag"
MAX_MESSAGE = 5000
MAX_MISSING = 10_000
"""Locations that are remembered to hold nothing; others are read in full at every look."""


class LocationReader(CatalogProcessor):
    """What the readers have in common."""

    type: ClassVar[str]

    def __init__(self, reading: Reading, parser: ParsePool) -> None:
        self._reading = reading
        self._parser = parser
        self._missing: OrderedDict[str, str] = OrderedDict()
        """Location → the etag of its emptiness. In memory: a restart looks once."""

    async def _search(self, target: str, etag: str | None = None) -> SearchResponse:
        raise NotImplementedError

    def _not_found(self, location: LocationSpec) -> str:
        return f"Unable to read {location.type}, no matching files found for {location.target}"

    def _failed(self, location: LocationSpec, error: Exception) -> str:
        return f"Unable to read {location.type}, {error}"[:MAX_MESSAGE]

    def _refresh_keys(self, location: LocationSpec, files: Sequence[FoundFile]) -> list[str]:
        return [str(location)]

    async def read_location(self, location: LocationSpec, optional: bool, emit: Emit, cache: ProcessorCache) -> bool:
        if location.type != self.type:
            return False
        for key in self._refresh_keys(location, ()):
            emit.refresh_key(key)
        self._missing.pop(str(location), None)
        try:
            found = await self._search(location.target)
            contents = await (found.read_all() if found.read_all else self._contents(found.files))
        except NotFoundError as error:
            if not optional:
                emit.error(NotFoundError(self._failed(location, error)))
            return True
        except Exception as error:  # noqa: BLE001 -- readers are plugins' code; whatever happened, nothing was read
            emit.error(CallboardError(self._failed(location, error)))
            return True
        if not found.files and not optional:
            emit.error(NotFoundError(self._not_found(location)))
            if found.etag:
                self._missing[str(location)] = found.etag
                while len(self._missing) > MAX_MISSING:
                    self._missing.popitem(last=False)
        for key in self._refresh_keys(location, found.files)[1:]:
            emit.refresh_key(key)
        places = [LocationSpec(location.type, file.url) for file in found.files]
        parsed = await self._parser.parse([(str(place), one) for place, one in zip(places, contents, strict=True)])
        for number, (where, documents) in enumerate(zip(places, parsed, strict=True)):
            for document in documents:
                if isinstance(document, Exception):
                    emit.error(document)
                else:
                    emit.entity(where, document)
            if number % BREATH == 0:
                # A location may hold thousands of files: let requests in between.
                await asyncio.sleep(0)
        if found.etag:
            cache.set(ETAG, found.etag)
        else:
            cache.set(ETAG, None)
        return True

    async def _contents(self, files: Sequence[FoundFile]) -> list[bytes]:
        if len(files) == 1:
            return [await files[0].read()]
        gate = asyncio.Semaphore(CONCURRENT_READS)

        async def read(file: FoundFile) -> bytes:
            async with gate:
                return await file.read()

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read(file)) for file in files]
        return [task.result() for task in tasks]

    async def unchanged(self, doing: str, state: dict[str, Any]) -> bool:
        """Whether the source still is as a pass left it. One conditional request, nothing parsed."""
        etag = state.get(ETAG)
        if not etag:
            return False
        try:
            await self._search(doing.removeprefix(f"{self.type}:"), etag)
        except NotModifiedError:
            return True
        return False

    async def still_missing(self, doing: str) -> bool:
        """Whether a location that the last pass found to hold nothing still does. One conditional request."""
        etag = self._missing.get(doing)
        return etag is not None and await self.unchanged(doing, {ETAG: etag})


class FileReaderProcessor(LocationReader):
    """Locations of type `file`: paths and globs of this machine. They come from the configuration alone."""

    name: ClassVar[str] = "FileReaderProcessor"
    type: ClassVar[str] = "file"

    async def _search(self, target: str, etag: str | None = None) -> SearchResponse:
        return await self._reading.files.search(target, etag=etag)

    def _not_found(self, location: LocationSpec) -> str:
        return f"file {location.target} does not exist"

    def _failed(self, location: LocationSpec, error: Exception) -> str:
        return f"file {location.target} could not be read, {error}"[:MAX_MESSAGE]

    def _refresh_keys(self, location: LocationSpec, files: Sequence[FoundFile]) -> list[str]:
        return [str(location), *(f"file:{file.url}" for file in files if file.url != location.target)]


class UrlReaderProcessor(LocationReader):
    """Locations of type `url`, by whichever reader knows the host."""

    name: ClassVar[str] = "url-reader"
    type: ClassVar[str] = "url"

    async def _search(self, target: str, etag: str | None = None) -> SearchResponse:
        if not is_absolute_url(target):
            raise InputError("Invalid URL")
        return await self._reading.reader_for(target).search(target, etag=etag)


class GitReaderProcessor(LocationReader):
    """Locations of type `git`: any remote, without a vendor's API."""

    name: ClassVar[str] = "git-reader"
    type: ClassVar[str] = "git"

    async def _search(self, target: str, etag: str | None = None) -> SearchResponse:
        return await self._reading.git.search(self._reading.git.parse(target), etag=etag)
