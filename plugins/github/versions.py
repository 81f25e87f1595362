"""Whether files are still as they were read, asked of GitHub for many at a time.

A catalog looks again and again at what it has read. One request each would be thousands an hour; one GraphQL query
tells the blob SHAs of a hundred files for a single point. Whoever asks for one file has all the others looked up along
with it that have been asked for lately, so that nobody else has to ask for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from app.errors import CallboardError
from app.reading.interfaces import RepositoryPlace
from plugins.github.api.client import GithubApi
from plugins.github.api.connection import Caller, GithubConnection
from plugins.github.api.priority import Priority

AT_ONCE: Final = 100
GATHER_S: Final = 0.02
FRESH_S: Final = 60.0
"""An answer serves for so long at least."""
FRESH_PER_FILE_S: Final = 0.072
"""And for so long times the number of files: then looking costs at most 500 points an hour, a tenth of a quota."""
WANTED_S: Final = 1200.0
"""Files nobody has asked for in so long are not looked up with the others."""
MAX_KNOWN: Final = 100_000

Key = tuple[str, str, str]
"""Owner and repository in lower case, and git's expression for the object: `main:catalog-info.yaml`, `main`."""


@dataclass(frozen=True, slots=True)
class Version:
    """`sha` is the object's, None where there is none."""

    sha: str | None


@dataclass(slots=True)
class _Known:
    place: RepositoryPlace
    version: Version | None = None
    at: float = float("-inf")
    wanted: float = 0.0


def blob_sha(content: bytes) -> str:
    """What git calls a file with this content."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def expression_of(place: RepositoryPlace) -> str:
    ref = place.ref or "HEAD"
    return f"{ref}:{place.path}" if place.path else ref


class Versions:
    """Of one host. In memory: a restart asks once more."""

    def __init__(self, connection: GithubConnection, now: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._now = now
        self._known: OrderedDict[Key, _Known] = OrderedDict()
        self._waiting: dict[Key, asyncio.Future[Version | None]] = {}
        self._gathering: asyncio.Task[None] | None = None

    def learn(self, place: RepositoryPlace, sha: str | None) -> None:
        """Somebody has just seen it."""
        entry = self._entry(place)
        entry.version, entry.at = Version(sha), self._now()

    async def current(self, place: RepositoryPlace) -> Version | None:
        """What it is now, or was a short while ago; None when GitHub does not tell."""
        entry, now = self._entry(place), self._now()
        entry.wanted = now
        if entry.version is not None and now - entry.at < self._fresh_s():
            return entry.version
        try:
            credential = await self._connection.credentials.credential(place.owner)
        except CallboardError:
            return None
        if credential.token is None:
            # GraphQL answers nobody in particular.
            return None
        key = _key(place)
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather(), name="versions of files at GitHub")
        return await asyncio.shield(waiting)

    def _fresh_s(self) -> float:
        return max(FRESH_S, FRESH_PER_FILE_S * len(self._known))

    async def _gather(self) -> None:
        await asyncio.sleep(GATHER_S)
        while self._waiting:
            taken, self._waiting = self._waiting, {}
            now, fresh = self._now(), self._fresh_s()
            keys = dict.fromkeys(taken)
            keys |= dict.fromkeys(
                key
                for key, one in self._known.items()
                if now - one.wanted < WANTED_S and now - one.at >= fresh / 2 and one.wanted > 0
            )
            by_credential: dict[str, list[_Known]] = {}
            try:
                for key in keys:
                    entry = self._known.get(key)
                    if entry is not None:
                        credential = await self._connection.credentials.credential(entry.place.owner)
                        by_credential.setdefault(credential.id, []).append(entry)
                for some in by_credential.values():
                    for start in range(0, len(some), AT_ONCE):
                        await self._ask(some[start : start + AT_ONCE])
            except CallboardError:
                # Whoever waits asks in another way.
                pass
            finally:
                for key, future in taken.items():
                    entry = self._known.get(key)
                    told = entry is not None and entry.at >= now
                    if not future.done():
                        future.set_result(entry.version if entry is not None and told else None)

    async def _ask(self, some: Sequence[_Known]) -> None:
        fields = "\n".join(
            f"r{number}: repository(owner: $o{number}, name: $n{number}) {{ object(expression: $e{number}) {{ oid }} }}"
            for number in range(len(some))
        )
        parameters = ", ".join(
            f"$o{number}: String!, $n{number}: String!, $e{number}: String!" for number in range(len(some))
        )
        variables = {
            name: value
            for number, one in enumerate(some)
            for name, value in (
                (f"o{number}", one.place.owner),
                (f"n{number}", one.place.name),
                (f"e{number}", expression_of(one.place)),
            )
        }
        began = self._now()
        api = GithubApi(self._connection, Caller(some[0].place.owner, Priority.READ))
        data = await api.graphql_known(f"query versions({parameters}) {{ {fields} }}", variables)
        for number, one in enumerate(some):
            repository = data.get(f"r{number}")
            if repository is None:
                one.version, one.at = None, began
                continue
            if one.at <= began:
                # What was read meanwhile is newer.
                found = repository["object"]
                one.version, one.at = Version(found["oid"] if found else None), began

    def _entry(self, place: RepositoryPlace) -> _Known:
        key = _key(place)
        entry = self._known.get(key)
        if entry is None:
            entry = self._known[key] = _Known(place)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return entry


def _key(place: RepositoryPlace) -> Key:
    return place.owner.lower(), place.name.lower(), expression_of(place)
