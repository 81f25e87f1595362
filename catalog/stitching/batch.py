"""Puts final entities together, hundreds at a time. Source: spec/catalog.md §4.10.

What is needed is read and put together outside the writing transaction, one batch while the one before is stored.
Inside it everything that was deleted meanwhile is dropped; a request that was made again meanwhile stays in the queue.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from app.errors import CallboardError, ServiceUnavailableError, describe
from catalog import metrics
from catalog.interfaces import Entity
from catalog.json_numbers import dumps
from catalog.model.errors import serialized
from catalog.stitching.final_entity import final_entity
from catalog.stitching.terms import pairs_of, term_of
from catalog.store.documents import load_entity
from catalog.store.finals import Stitched, store_finals
from catalog.store.stitch_queue import finish_requests
from catalog.store.terms import AT_REST, TermNumbers
from catalog.store.writing import CatalogStore

log = logging.getLogger(__name__)

Request = tuple[str, int, str | None]
"""Ref, moment, JSON of the cause."""

BATCH = 500
BREATH = 16
"""Entities put together before requests are let in between: some milliseconds."""


@dataclass(slots=True)
class Stitching:
    """One batch, put together. `requests` that found nothing to stitch are done, too."""

    requests: list[Request]
    ready: list[Stitched] = field(default_factory=list)
    failed: dict[int, str | None] = field(default_factory=dict)
    """Entity → JSON of why it cannot be put together; None where that is over."""
    took: float = 0.0
    """Seconds until it was put together."""


class Stitcher:
    """Empties the queue. One at a time writes final entities: the ingest leader."""

    def __init__(self, store: CatalogStore, *, mark_orphans: bool) -> None:
        self._store = store
        self._mark_orphans = mark_orphans
        self._numbers = TermNumbers(term_of)

    def rest(self) -> None:
        """Nothing is left to do for now: give back most of the memory."""
        self._numbers.shrink(AT_REST)

    async def prepare(self, refs: Sequence[str] | None = None, *, after: str = "") -> Stitching:
        """Put together those of the refs that are queued, or the next ones after a ref. Batches have to be stored in
        the order in which they were prepared."""
        select = "SELECT entity_ref, requested_at, cause FROM catalog_stitch_queue"
        if refs is None:
            rows = await self._store.database.read(
                f"{select} WHERE entity_ref > ? ORDER BY entity_ref LIMIT ?", after, BATCH
            )
        else:
            rows = await self._store.read_in(select, "entity_ref", "text", refs)
        batch = Stitching([(row[0], row[1], row[2]) for row in rows])
        metrics.stitching_queue.set(len(rows))
        if batch.requests:
            began = time.perf_counter()
            await self._put_together(batch)
            batch.took = time.perf_counter() - began
        return batch

    async def store(self, batch: Stitching) -> None:
        """Write what is new of a batch, and forget the requests."""
        if not batch.requests:
            return
        began = time.perf_counter()
        try:
            await self._store_batch(batch)
        except ServiceUnavailableError:
            raise
        except Exception:
            log.exception("a batch of %d entities cannot be stored; storing them one by one", len(batch.requests))
            await self._stitch_apart(batch.requests)
        metrics.stitching_duration.observe(batch.took + time.perf_counter() - began)

    async def _stitch_apart(self, requests: Sequence[Request]) -> None:
        """What cannot be stored hinders nobody else."""
        for row in requests:
            one = Stitching([row])
            try:
                await self._put_together(one)
                await self._store_batch(one)
            except ServiceUnavailableError:
                raise
            except Exception as error:
                log.exception("entity %s cannot be stitched", row[0])
                failure = CallboardError(f"The entity cannot be stored: {type(error).__name__}")
                async with self._store.write() as write:
                    await write.bulk.update(
                        "catalog_refresh_state",
                        ("entity_ref", "text"),
                        (("stitch_error", "text"),),
                        [(row[0], dumps(serialized(failure)).decode())],
                    )
                    await finish_requests(write, [(row[0], row[1])])

    async def _store_batch(self, batch: Stitching) -> None:
        async with self._store.write() as write:
            alive = {
                row[0]
                for row in await write.bulk.select(
                    "SELECT entity_id FROM catalog_refresh_state",
                    "entity_id",
                    "bigint",
                    [one.entity_id for one in batch.ready],
                )
            }
            ready = [one for one in batch.ready if one.entity_id in alive]
            written = await store_finals(write, ready, self._numbers)
            await write.bulk.update(
                "catalog_refresh_state",
                ("entity_id", "bigint"),
                (("stitch_error", "text"),),
                sorted(batch.failed.items()),
            )
            await finish_requests(write, [(row[0], row[1]) for row in batch.requests])
        metrics.stitched.labels("changed").inc(written)
        metrics.stitched.labels("unchanged").inc(len(batch.ready) - written)

    async def _put_together(self, batch: Stitching) -> None:
        causes = {row[0]: row[2] for row in batch.requests}
        refs = list(causes)
        states = await self._store.read_in(
            "SELECT entity_id, uid, entity_ref, processed, errors, stitch_error FROM catalog_refresh_state",
            "entity_ref",
            "text",
            refs,
        )
        relations: dict[str, list[tuple[str, str]]] = {}
        for source, kind, target in await self._store.read_in(
            "SELECT source_ref, type, target_ref FROM catalog_relation", "source_ref", "text", refs
        ):
            relations.setdefault(source, []).append((kind, target))
        held = None
        if self._mark_orphans:
            rows = await self._store.read_in(
                "SELECT DISTINCT target_ref FROM catalog_refresh_reference", "target_ref", "text", refs
            )
            held = {row[0] for row in rows}
        for number, (entity_id, uid, ref, processed, errors, failed_before) in enumerate(states):
            if processed is None:
                continue
            if number % BREATH == 0:
                await asyncio.sleep(0)
            entity: Entity = load_entity(processed)
            try:
                final = final_entity(
                    entity,
                    uid=uid,
                    relations=relations.get(ref, ()),
                    errors=() if errors == "[]" else orjson.loads(errors),
                    orphan=held is not None and ref not in held,
                )
                pairs = pairs_of(final.entity)
            except CallboardError as error:
                # It keeps its previous final version, or stays out of sight. Source: §2.1.
                log.warning("entity %s cannot be stitched: %s", ref, describe(error))
                batch.failed[entity_id] = dumps(serialized(error)).decode()
                continue
            except Exception as error:
                log.exception("entity %s cannot be put together", ref)
                failure = CallboardError(f"The entity cannot be put together: {type(error).__name__}")
                batch.failed[entity_id] = dumps(serialized(failure)).decode()
                continue
            if failed_before is not None:
                batch.failed[entity_id] = None
            batch.ready.append(Stitched(entity_id, ref, final.hash, final.document.decode(), pairs, causes[ref]))
