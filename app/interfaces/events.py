"""The event bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.interfaces.basics import Json


@dataclass(frozen=True, slots=True)
class Event:
    """`topic` as Backstage names it (`github.push`, `experimental.catalog.errors`); `metadata` are lower-case
    request headers."""

    topic: str
    payload: Json
    metadata: Mapping[str, str] = field(default_factory=dict)


class Events(Protocol):
    """The event bus. Subscribers run on the publishing process; a raising subscriber is logged and hinders nobody."""

    def subscribe(self, topics: Sequence[str], subscriber: Callable[[Event], Awaitable[None]]) -> None: ...
    def observe(self, observer: Callable[[Event], Awaitable[None]]) -> None:
        """Like a subscriber to all topics."""

    async def publish(self, event: Event) -> None: ...
