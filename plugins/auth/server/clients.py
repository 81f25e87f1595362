"""Who asks to act for a user: clients that publish their metadata, and clients that have registered here.
Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from app.errors import CallboardError, InputError
from app.interfaces import Clock, Database, Outgoing
from plugins.auth.server import urls
from plugins.auth.settings import CimdSettings, DcrSettings

MAX_BYTES = 64 * 1024
TIMEOUT = 10.0
MAX_NAME = 120
"""Characters of a client's name that users are shown."""
_SECRETS = ("client_secret", "client_secret_expires_at")
_FORBIDDEN = ("client_secret_basic", "client_secret_post", "client_secret_jwt")


@dataclass(frozen=True, slots=True)
class Client:
    """`public` clients have no secret and must prove themselves by PKCE."""

    id: str
    name: str | None
    redirect_uris: Sequence[str]
    public: bool


@dataclass(frozen=True, slots=True)
class Registration:
    client_id: str
    client_secret: str
    redirect_uris: Sequence[str]


class Clients:
    def __init__(
        self,
        issuer: str,
        cimd: CimdSettings,
        dcr: DcrSettings,
        *,
        database: Database,
        outgoing: Outgoing,
        clock: Clock,
        development: bool,
    ) -> None:
        """Raises InputError for a pattern that is none."""
        self.own = f"{issuer}/.well-known/oauth-client/cli.json"
        self._cimd, self._dcr = cimd, dcr
        self._ids = (*cimd.allowed_client_id_patterns, self.own)
        self._redirects = cimd.allowed_redirect_uri_patterns
        for pattern in (*cimd.allowed_client_id_patterns, *self._redirects, *dcr.allowed_redirect_uri_patterns):
            urls.UrlPattern.parse(pattern)
        self._database, self._outgoing, self._clock = database, outgoing, clock
        self._development = development

    def own_metadata(self) -> dict[str, Any]:
        """Of the command line that Backstage ships."""
        return {
            "client_id": self.own,
            "client_name": "Backstage CLI",
            "redirect_uris": ["http://127.0.0.1:8055/callback"],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": "none",
            "scope": "openid offline_access",
        }

    async def find(self, client_id: str, redirect_uri: str) -> Client:
        """The client, if it may be answered at this URI. Raises InputError."""
        url = urls.metadata_url(client_id, development=self._development)
        if url is None and client_id != self.own:
            return await self._registered(client_id, redirect_uri)
        if not self._cimd.enabled:
            raise InputError("Client ID metadata documents not enabled")
        if client_id != self.own and (url is None or not urls.matches_any(url, self._cimd.allowed_client_id_patterns)):
            raise InputError(f"Invalid client_id '{client_id}'")
        document = self.own_metadata() if client_id == self.own else _checked(await self._fetched(client_id), client_id)
        urls.require_redirect_uri(redirect_uri, self._redirects)
        if not urls.is_registered(redirect_uri, document["redirect_uris"]):
            raise InputError(f"Invalid redirect_uri '{redirect_uri}', not registered in client metadata")
        return Client(client_id, _shown(document.get("client_name"), client_id), document["redirect_uris"], public=True)

    async def register(self, name: str | None, redirect_uris: Sequence[str]) -> Registration:
        """Raises InputError for a redirect URI that is not let in."""
        for uri in redirect_uris:
            urls.require_redirect_uri(uri, self._dcr.allowed_redirect_uri_patterns)
        made = Registration(str(uuid4()), str(uuid4()), redirect_uris)
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO auth_oauth_client (id, name, secret_digest, redirect_uris, created_at) "
                "VALUES (?, ?, ?, ?, ?)",
                made.client_id,
                None if name is None else name.replace("\0", ""),
                _digest(made.client_secret),
                orjson.dumps(list(redirect_uris)).decode(),
                int(self._clock.now().timestamp() * 1000),
            )
        return made

    async def has_secret(self, client_id: str, secret: str) -> bool:
        rows = await self._database.read("SELECT secret_digest FROM auth_oauth_client WHERE id = ?", client_id)
        return bool(rows) and hmac.compare_digest(str(rows[0][0]), _digest(secret))

    async def may_revoke(self, client_id: str, secret: str | None) -> bool:
        """Public clients are known by their id alone; their document is not asked for, it may be gone."""
        url = urls.metadata_url(client_id, development=self._development)
        if client_id == self.own or url is not None:
            return self._cimd.enabled and (
                client_id == self.own or (url is not None and urls.matches_any(url, self._ids))
            )
        return secret is not None and await self.has_secret(client_id, secret)

    async def is_confidential(self, client_id: str) -> bool:
        return bool(await self._database.read("SELECT 1 FROM auth_oauth_client WHERE id = ?", client_id))

    async def _registered(self, client_id: str, redirect_uri: str) -> Client:
        rows = await self._database.read("SELECT name, redirect_uris FROM auth_oauth_client WHERE id = ?", client_id)
        if not rows or not self._dcr.enabled:
            raise InputError("Invalid client_id")
        known = orjson.loads(rows[0][1])
        if redirect_uri not in known:
            raise InputError(f"Invalid redirect_uri '{redirect_uri}'")
        name = None if rows[0][0] is None else _shown(rows[0][0], client_id)
        return Client(client_id, name, known, public=False)

    async def _fetched(self, url: str) -> Any:
        try:
            answer = await self._outgoing.request(
                "GET", url, headers={"accept": "application/json"}, max_bytes=MAX_BYTES, timeout=TIMEOUT
            )
        except CallboardError:
            # Which of the many things that may be wrong with an address is nobody's business.
            raise InputError("Failed to fetch client metadata") from None
        if answer.status_code != 200:
            raise InputError("Failed to fetch client metadata")
        try:
            return orjson.loads(answer.content)
        except ValueError:
            raise InputError("Invalid client metadata document") from None


def _checked(document: Any, client_id: str) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise InputError("Invalid client metadata document")
    if document.get("client_id") != client_id:
        raise InputError("Client ID mismatch in metadata document")
    uris = document.get("redirect_uris")
    if not isinstance(uris, list) or not uris or not all(isinstance(uri, str) for uri in uris):
        raise InputError("Metadata must include at least one redirect_uri")
    if any(document.get(name) is not None for name in _SECRETS):
        raise InputError("Client metadata must not contain client_secret")
    if document.get("token_endpoint_auth_method") in _FORBIDDEN:
        raise InputError("Client metadata uses forbidden auth method")
    return document


def _shown(name: Any, client_id: str) -> str:
    """A name as users are asked about it. It is the client's own claim: what turns text around, hides, or pushes the
    rest of the page out of sight is left out."""
    if not isinstance(name, str):
        return client_id
    visible = "".join(" " if each.isspace() else each for each in name if each.isspace() or each.isprintable())
    text = " ".join(visible.split())
    return (text if len(text) <= MAX_NAME else text[: MAX_NAME - 1] + "…") or client_id


def _digest(secret: str) -> str:
    """Secrets are random and long: there is nothing to guess that a slow hash would protect."""
    return hashlib.sha256(secret.encode()).hexdigest()
