"""Brings a site up to date while somebody watches. Source: spec/ui-backends.md §7 (`sync`)."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from app.errors import CallboardError, NotFoundError, NotModifiedError
from app.interfaces import Clock, Json, Reading
from plugins.techdocs import metrics
from plugins.techdocs.building.generator import Generator, new_folders, repository_of
from plugins.techdocs.building.sources import Sources
from plugins.techdocs.builds import BuildState, BuildStore, milliseconds
from plugins.techdocs.interfaces import Publisher, Site
from plugins.techdocs.references import location_of, ref_of_entity

log = logging.getLogger(__name__)
AT_ONCE: Final = 10
FRESH: Final = timedelta(seconds=60)
"""So long a site is not looked at again."""
LEASE: Final = timedelta(seconds=45)
RENEW_S: Final = 15.0
WAIT_S: Final = 1.0
"""How often a build waits for another replica's; a notification usually comes before."""
SLOW_S: Final = 10.0
APPEARING: Final = (0.1, 0.4, 0.5, 1.0, 1.0, 1.0, 1.0)
"""Pauses, five seconds together, in which a bucket may take its time to show what it was given."""
MAX_LINES: Final = 20_000

Entity = Mapping[str, Any]
Message = tuple[str, Json]
"""`log`, `error` or `finish`, and its data."""


@dataclass
class _Build:
    """One build under way, and all it has said."""

    said: list[Message] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None


class Synchronizer:
    """Any number may watch the build of a site; there is one at a time of each, across all replicas.

    `built` is told of each entity whose site is new; what it raises is logged.
    """

    def __init__(
        self,
        *,
        publisher: Publisher,
        generator: Generator,
        sources: Sources,
        reading: Reading,
        store: BuildStore,
        clock: Clock,
        working: Path | None = None,
        built: Callable[[Entity], Awaitable[None]] | None = None,
    ) -> None:
        self._publisher, self._generator, self._sources = publisher, generator, sources
        self._reading, self._store, self._clock = reading, store, clock
        self._working, self._built = working, built
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._builds: dict[str, _Build] = {}
        self._released: dict[str, asyncio.Event] = {}

    async def sync(self, entity: Entity, site: Site) -> AsyncIterator[Message]:
        """Messages until `finish` or `error`. A watcher who goes away does not stop the build."""
        uid = str(entity["metadata"]["uid"])
        build = self._builds.get(uid)
        if build is None:
            build = self._builds[uid] = _Build()
            build.task = asyncio.create_task(self._run(uid, entity, site, build), name=f"techdocs {site.prefix}")
        told = 0
        while True:
            async with build.news:
                while len(build.said) == told:
                    await build.news.wait()
            for message in build.said[told:]:
                told += 1
                yield message
                if message[0] != "log":
                    return

    def heard(self, uid: str) -> None:
        """Another replica has given a lease back."""
        if uid in self._released:
            self._released[uid].set()

    async def stop(self) -> None:
        tasks = [build.task for build in self._builds.values() if build.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------------------------------------ one build

    async def _run(self, uid: str, entity: Entity, site: Site, build: _Build) -> None:
        async def say(kind: str, data: Json) -> None:
            if kind != "log" or len(build.said) < MAX_LINES:
                async with build.news:
                    build.said.append((kind, data))
                    build.news.notify_all()

        lines: asyncio.Queue[Message] = asyncio.Queue()

        async def pass_on() -> None:
            while True:
                await say(*await lines.get())
                lines.task_done()

        def write(level: str, text: str) -> None:
            lines.put_nowait(("log", _log_line(level, text, self._clock)))

        passing = asyncio.ensure_future(pass_on())
        last: Message = ("error", "The server is stopping")
        began, result = time.perf_counter(), "failed"
        try:
            updated = await self._updated(uid, entity, site, write)
            last, result = ("finish", {"updated": updated}), "built" if updated else "unchanged"
        except Exception as error:
            text = error.message if isinstance(error, CallboardError) else "An internal error occurred"
            ref = ref_of_entity(entity)
            log.error(
                "Failed to build the docs page for entity %s: %s",
                ref,
                text,
                exc_info=None if isinstance(error, CallboardError) else error,
            )
            write("error", f"Failed to build the docs page for entity {ref}: {text}")
            last = ("error", text)
        finally:
            self._builds.pop(uid, None)
            metrics.builds.labels(result).observe(time.perf_counter() - began)
            while not lines.empty():
                await say(*lines.get_nowait())
            passing.cancel()
            await say(*last)

    async def _updated(self, uid: str, entity: Entity, site: Site, write: Callable[[str, str], None]) -> bool:
        began = await self._store.state(uid)
        if self._is_fresh(began) and await self._publisher.has_site(site):
            return False
        async with self._slots, self._lease(uid) as lease:
            state = await self._store.state(uid)
            if state.checked_at != began.checked_at and self._is_fresh(state) and await self._publisher.has_site(site):
                # Another replica has done it while we waited.
                return state.built_at != began.built_at
            now = self._clock.now()
            async with _reminding(write):
                built = await self._build(entity, site, write)
            lease.checked, lease.built = now, built
        if built:
            await self._appear(site)
            await self._tell(entity)
        return built

    def _is_fresh(self, state: BuildState) -> bool:
        return milliseconds(self._clock.now() - FRESH) < state.checked_at

    @asynccontextmanager
    async def _lease(self, uid: str) -> AsyncIterator[_Lease]:
        """Waits for the only right in all replicas to build this site, and holds it."""
        owner, released = uuid4().hex, self._released.setdefault(uid, asyncio.Event())
        while not await self._store.claim(uid, owner, self._clock.now(), LEASE):
            released.clear()
            try:
                async with asyncio.timeout(WAIT_S):
                    await released.wait()
            except TimeoutError:
                continue
        self._released.pop(uid, None)

        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW_S)
                await self._store.claim(uid, owner, self._clock.now(), LEASE)

        renewing = asyncio.ensure_future(renew())
        lease = _Lease()
        try:
            yield lease
        finally:
            renewing.cancel()
            await self._store.release(uid, owner, checked=lease.checked, built=lease.built)

    async def _build(self, entity: Entity, site: Site, write: Callable[[str, str], None]) -> bool:
        """False: what is published is up to date."""
        ref = ref_of_entity(entity)
        write("info", f"Step 1 of 3: Preparing docs for entity {ref}")
        etag = await self._published_etag(site)
        location = location_of(entity, self._reading)
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="techdocs-", dir=self._working)))
            source, output = new_folders(folder)
            try:
                etag = await self._sources.bring(location, source, etag=etag)
            except NotModifiedError:
                return False
            write("info", f"Prepare step completed for entity {ref}")
            write("info", f"Step 2 of 3: Generating docs for entity {ref}")
            metadata = entity["metadata"]
            await self._generator.run(
                source,
                output,
                site_name=metadata.get("title") or metadata["name"],
                said=lambda line: write("info", line),
                etag=etag,
                repository=repository_of(location, self._reading),
            )
            write("info", f"Step 3 of 3: Publishing docs for entity {ref}")
            await self._publisher.publish(site, output)
        return True

    async def _published_etag(self, site: Site) -> str | None:
        if not await self._publisher.has_site(site):
            return None
        try:
            etag = (await self._publisher.metadata(site)).get("etag")
        except NotFoundError:
            return None
        return etag if isinstance(etag, str) and etag else None

    async def _tell(self, entity: Entity) -> None:
        try:
            if self._built is not None:
                await self._built(entity)
        except Exception:
            # The site is there all the same, and will be found when all are collated again.
            log.exception("The search could not be told of %s", ref_of_entity(entity))

    async def _appear(self, site: Site) -> None:
        """Waits until the store shows the site. Raises NotFoundError."""
        for pause in APPEARING:
            if await self._publisher.has_site(site):
                return
            await asyncio.sleep(pause)
        raise NotFoundError(
            "The generated docs have not shown up in storage. Does the docs project have a page that becomes "
            "`index.html`? Otherwise, check back later."
        )


@dataclass
class _Lease:
    """What is to be noted when the lease is given back."""

    checked: Any = None
    built: bool = False


@asynccontextmanager
async def _reminding(write: Callable[[str, str], None]) -> AsyncIterator[None]:
    async def remind() -> None:
        while True:
            await asyncio.sleep(SLOW_S)
            write(
                "info",
                "The docs building process is taking a little bit longer to process this entity. Please bear with us.",
            )

    reminding = asyncio.ensure_future(remind())
    try:
        yield
    finally:
        reminding.cancel()


_COLOURS: Final = {"info": 32, "warn": 33, "error": 31}


def _log_line(level: str, text: str, clock: Clock) -> str:
    """As the reference's logger writes lines, which the portal shows with their colours."""
    moment = clock.now().strftime("%Y-%m-%dT%H:%M:%S.") + f"{clock.now().microsecond // 1000:03d}Z"
    return f'\x1b[{_COLOURS[level]}m{level}\x1b[39m: {text} {{"timestamp":"{moment}"}}'
