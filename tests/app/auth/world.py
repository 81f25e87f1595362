"""What the tests of authentication stand on: a configuration, a clock and a key set on the network."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from app.config.config import LayeredConfig
from app.config.nodes import Place, wrap
from app.errors import ServiceUnavailableError
from app.interfaces import OutgoingAnswer

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
BASE_URL = "http://localhost:7007"


def config_of(tree: Mapping[str, Any]) -> LayeredConfig:
    return LayeredConfig(wrap(dict(tree), Place("app-config.yaml", 0)))


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, **by: float) -> None:
        self._now += timedelta(**by)


class Issuer:
    """Somebody else's identity provider: keys, tokens, and the key set it publishes."""

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.add("first")

    def add(self, kid: str) -> None:
        self.keys[kid] = ec.generate_private_key(ec.SECP256R1())

    def token(self, claims: Mapping[str, Any], *, kid: str = "first") -> str:
        return jwt.encode(dict(claims), self.keys[kid], "ES256", {"kid": kid})

    def key_set(self) -> bytes:
        members = [
            {**jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}
            for kid, key in self.keys.items()
        ]
        return orjson.dumps({"keys": members})


class Network:
    """The outside world, which answers every request the same way and counts them."""

    def __init__(self, answer: Callable[[], bytes] | None = None) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.trusted: list[str] = []

    def trust(self, host: str) -> None:
        self.trusted.append(host)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        allow: Callable[[str], bool] | None = None,
        max_redirects: int = 0,
        max_bytes: int = 50 * 1024 * 1024,
        timeout: float = 30.0,
    ) -> httpx.Response:
        self.asked.append(url)
        if self.answer is None:
            raise ServiceUnavailableError("nobody answers")
        return httpx.Response(200, content=self.answer())

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        content: AsyncIterable[bytes] | None = None,
        timeout: float = 30.0,
        verify: bool = True,
    ) -> AsyncIterator[OutgoingAnswer]:
        answer = await self.request(method, url)

        async def body() -> AsyncIterator[bytes]:
            yield answer.content

        yield OutgoingAnswer(answer.status_code, [], body())


def config_with(external: list[dict[str, Any]] | None = None, **backend_auth: Any) -> LayeredConfig:
    auth = {"externalAccess": external or [], **backend_auth}
    return config_of({"backend": {"baseUrl": BASE_URL, "auth": auth}})
