"""What goes wrong, on request: answers instead of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.plugins.github.fake.routing import Asked, Reply, failed


@dataclass
class Fault:
    """The first `skip` requests that match go well, then `times` get `reply`; raw bytes break off the connection."""

    matches: Callable[[Asked], bool]
    reply: Reply | bytes
    times: int = 1
    skip: int = 0
    seen: int = 0
    done: int = 0

    def strikes(self, asked: Asked) -> bool:
        if not self.matches(asked):
            return False
        self.seen += 1
        if self.seen <= self.skip or self.done >= self.times:
            return False
        self.done += 1
        return True


def everything(asked: Asked) -> bool:
    return True


def to_graphql(asked: Asked) -> bool:
    return asked.path == "/graphql"


def bad_gateway() -> Reply:
    return Reply(None, 502, {"content-type": "text/html"}, b"<html>502 Bad Gateway</html>")


def too_many(retry_after: int | None = None) -> Reply:
    """429; with `retry_after` seconds."""
    reply = failed(429, "You have exceeded a rate limit")
    if retry_after is not None:
        reply.headers["retry-after"] = str(retry_after)
    return reply


def secondary_limit(retry_after: int | None = None) -> Reply:
    reply = failed(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
    if retry_after is not None:
        reply.headers["retry-after"] = str(retry_after)
    return reply
