"""How the index learns what has changed: from this process at once, from others by notification or by looking."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from app.errors import ServiceUnavailableError
from app.interfaces import Database
from catalog.query.loading import Scope
from catalog.query.structures import Patch
from catalog.store.reads import CatalogReads

log = logging.getLogger(__name__)

CHANNEL = "catalog_revision"
"""Writers notify it with the number of their newest revision."""
LOOK_S = 0.5
"""Seconds between two looks at SQLite's data version, a matter of microseconds."""
NET_S = 5.0
"""Seconds between two looks at PostgreSQL's counter, in case a notification was lost."""
CHUNK = 500
"""Revisions of one patch: to take in that many keeps the event loop for some 30 ms."""
MOST = 10_000
"""Revisions behind which everything is dropped and loaded again."""


class Freshness:
    """Follows the catalog's revisions. `revision` is the newest one that all structures reflect."""

    def __init__(
        self,
        database: Database,
        reads: CatalogReads,
        *,
        scope: Callable[[], Scope],
        apply: Callable[[Patch, Scope], None],
        reset: Callable[[], None],
        most: int = MOST,
    ) -> None:
        """`apply` and `reset` change everything that is remembered, without a pause in between."""
        self._database = database
        self._reads = reads
        self._scope = scope
        self._apply = apply
        self._reset = reset
        self._most = most
        self._lock = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._listening = False
        self.revision = -1
        self.wanted = 0
        """The newest revision known to exist."""

    def advance(self, revision: int) -> None:
        """There is this revision now: reads from here on see it."""
        self.wanted = max(self.wanted, revision)

    async def settle(self) -> None:
        """Reflect every change committed before this call, whoever made it."""
        async with self._lock:
            wanted = self.wanted
            target = await self._reads.revision()
            behind = target - self.revision
            if self.revision < 0 or behind > self._most or behind < 0:
                # Behind by less than nothing: the database was put back to an earlier state.
                self._reset()
                self.revision = target
            while self.revision < target:
                await self._patch(min(target, self.revision + CHUNK))
            # What was wanted beyond the newest revision does not exist; what was announced meanwhile may.
            self.wanted = self.revision if self.wanted == wanted else max(self.wanted, self.revision)

    async def _patch(self, upto: int) -> None:
        scope = self._scope()
        changed = await self._reads.changed(self.revision, upto)
        states = await self._reads.states({entity_id for entity_id, _ in changed})
        terms = await self._reads.terms({term for state in states for term in state.terms}, scope.keys)
        self._apply(Patch(changed, states, terms), scope)
        self.revision = upto

    # ------------------------------------------------------------------------------------------ other processes

    def start(self) -> None:
        """Watch for changes of other processes, until `stop()`."""
        if not self._listening:
            self._database.listen(CHANNEL, self._heard)
            self._listening = True
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="catalog-index-watch")

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None

    def _heard(self, payload: str) -> None:
        if payload.isascii() and payload.isdigit():
            self.advance(int(payload))

    async def _watch(self) -> None:
        seen: int | None = -1
        while True:
            try:
                version = await self._database.data_version()
                if version is None or version != seen:
                    self.advance(await self._reads.revision())
                seen = version
            except ServiceUnavailableError as error:
                log.warning("cannot see whether the catalog has changed: %s", error)
            await asyncio.sleep(NET_S if seen is None else LOOK_S)
