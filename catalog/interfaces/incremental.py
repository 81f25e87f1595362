"""Sources that are too large for one answer: read page by page, in bursts, and gone on with after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from catalog.interfaces.basics import Json

if TYPE_CHECKING:
    from catalog.interfaces.emissions import DeferredEntity


@dataclass(frozen=True, slots=True)
class SourcePage:
    """`cursor` says where to go on and is kept as JSON; `done`: this was the last page."""

    entities: Sequence[DeferredEntity] = ()
    cursor: Json = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class IngestionPace:
    """How a source is read: bursts of pages with pauses between, a rest once all was read, and longer and longer waits
    after failures."""

    burst_length: timedelta = timedelta(seconds=3)
    burst_interval: timedelta = timedelta(seconds=3)
    rest_length: timedelta = timedelta(days=1)
    back_off: Sequence[timedelta] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=3),
    )


class IncrementalEntityProvider:
    """A source read by and by. `name` is unique and stays the same for ever.

    What a whole ingestion has not named is removed at its end, unless that were too much (`catalog.guard`).
    """

    name: str
    pace: IngestionPace = IngestionPace()

    def burst(self) -> AbstractAsyncContextManager[Any]:
        """Around the pages of one burst: a session, say. What it gives is handed to `next`."""
        return nullcontext()

    async def next(self, session: Any, cursor: Json) -> SourcePage:
        """The page at the cursor that the page before gave; None for the first. May raise: it is tried again later."""
        raise NotImplementedError
