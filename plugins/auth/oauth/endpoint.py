"""Talking to an identity provider's endpoints, through the guarded client."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

import orjson

from app.errors import CallboardError
from app.interfaces import Outgoing
from plugins.auth.oauth.authenticator import OAuthSession

MAX_BYTES = 1024 * 1024
ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]


class ProviderError(CallboardError):
    """The identity provider said no. `status` is that of its answer."""

    name = "Error"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Endpoints:
    """One OAuth client's requests. Answers are quoted in errors by their error codes alone: the rest may be secret."""

    def __init__(
        self,
        outgoing: Outgoing,
        client_id: str,
        client_secret: str,
        *,
        client_auth: ClientAuth = "client_secret_post",
        timeout: float = 10.0,
    ) -> None:
        self._outgoing, self._timeout = outgoing, timeout
        self._client_id, self._client_secret, self._client_auth = client_id, client_secret, client_auth

    async def token(self, url: str, parameters: Mapping[str, str]) -> tuple[OAuthSession, Mapping[str, Any]]:
        """A grant at a token endpoint: the session, and all that was answered. Raises ProviderError."""
        answer = await self.post(url, parameters)
        found = self._json(answer, url)
        if "error" in found or not isinstance(found.get("access_token"), str):
            raise ProviderError(f"Authentication failed, {_told(found) or 'no access token received'}", 400)
        expires = found.get("expires_in")
        return OAuthSession(
            access_token=found["access_token"],
            scope=_text(found.get("scope")),
            expires_in=int(expires) if isinstance(expires, int | float | str) and str(expires).isdigit() else None,
            id_token=_text(found.get("id_token")),
            refresh_token=_text(found.get("refresh_token")),
        ), found

    async def post(self, url: str, parameters: Mapping[str, str]) -> bytes:
        """A form with the client's credentials. Raises ProviderError for any answer but 2xx."""
        form, headers = dict(parameters), {"accept": "application/json"}
        if self._client_auth == "client_secret_basic":
            # RFC 6749 §2.3.1: both are form-encoded first.
            pair = f"{quote(self._client_id, safe='')}:{quote(self._client_secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self._client_id
            if self._client_auth == "client_secret_post":
                form["client_secret"] = self._client_secret
        headers["content-type"] = "application/x-www-form-urlencoded"
        return await self._request("POST", url, headers, urlencode(form).encode())

    async def get(self, url: str, token: str | None = None) -> Any:
        """A JSON document, with an access token. Raises ProviderError."""
        headers = {"accept": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return self._json(await self._request("GET", url, headers), url)

    async def _request(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None) -> bytes:
        answer = await self._outgoing.request(
            method, url, headers=headers, content=content, max_bytes=MAX_BYTES, timeout=self._timeout
        )
        if not 200 <= answer.status_code < 300:
            told = _told(_parsed(answer.content)) or f"status {answer.status_code}"
            raise ProviderError(f"Authentication failed, '{urlsplit(url).netloc}' answered {told}", answer.status_code)
        return answer.content

    @staticmethod
    def _json(content: bytes, url: str) -> Any:
        found = _parsed(content)
        if found is None:
            raise ProviderError(f"Authentication failed, '{urlsplit(url).netloc}' did not answer with JSON")
        return found


def _parsed(content: bytes) -> Any:
    try:
        found = orjson.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None


def _told(answer: Any) -> str | None:
    """`error` and its description, as RFC 6749 §5.2 has them."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        return None
    description = answer.get("error_description")
    return f"{answer['error']}: {description}"[:500] if isinstance(description, str) else answer["error"][:200]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
