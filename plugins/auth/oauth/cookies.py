"""The cookies of one provider: nonce, refresh token, granted scopes. Source: spec/ui-backends.md §3.5."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlsplit

from fastapi import Request

from app.interfaces import Clock

CHUNK = 4_000
"""Characters of a value above which it is split: browsers keep some 4 096 bytes a cookie."""
NONCE_LIFETIME = timedelta(minutes=10)
DEFAULT_LIFETIME = timedelta(days=1000)


def cookies_of(request: Request) -> dict[str, str]:
    """The request's cookies, decoded; of two with one name the first counts."""
    found: dict[str, str] = {}
    for header in request.headers.getlist("cookie"):
        for part in header.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals and name not in found:
                found[name] = unquote(value.strip('"'))
    return found


class CookieSettings:
    """Where the cookies of a provider are sent to, by its callback URL."""

    def __init__(self, provider: str, callback_url: str, app_origin: str, lifetime: timedelta | None) -> None:
        url = urlsplit(callback_url)
        self.provider, self.app_origin = provider, app_origin
        self.lifetime = lifetime or DEFAULT_LIFETIME
        self.host = url.hostname or ""
        self.secure = url.scheme == "https"
        own = url.path.endswith(f"{provider}/handler/frame")
        self.path = url.path.removesuffix("/handler/frame") if own else f"{url.path}/{provider}"

    def same_site(self, origin: str | None) -> str:
        elsewhere = urlsplit(origin or self.app_origin).hostname != self.host
        return "None" if elsewhere and self.secure else "Lax"


class ProviderCookies:
    """The cookies of one request, and what the answer says about them (`headers`)."""

    def __init__(self, settings: CookieSettings, request: Request, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._given: Mapping[str, str] = cookies_of(request)
        self.headers: list[str] = []

    @property
    def nonce(self) -> str | None:
        return self._read(self._name("nonce"))

    @property
    def refresh_token(self) -> str | None:
        return self._read(self._name("refresh-token"))

    @property
    def granted_scope(self) -> str | None:
        return self._read(self._name("granted-scope"))

    def set_nonce(self, nonce: str, origin: str | None) -> None:
        self._set(self._name("nonce"), nonce, NONCE_LIFETIME, origin, "/handler")

    def set_refresh_token(self, token: str, origin: str | None) -> None:
        self._set(self._name("refresh-token"), token, self._settings.lifetime, origin)

    def set_granted_scope(self, scope: str, origin: str | None) -> None:
        self._set(self._name("granted-scope"), scope, self._settings.lifetime, origin)

    def remove_refresh_token(self, origin: str | None) -> None:
        self._remove(self._name("refresh-token"), origin)

    def remove_granted_scope(self, origin: str | None) -> None:
        self._remove(self._name("granted-scope"), origin)

    def _name(self, what: str) -> str:
        return f"{self._settings.provider}-{what}"

    def _read(self, name: str) -> str | None:
        chunks = self._chunks(name)
        return "".join(self._given[f"{name}-{n}"] for n in range(chunks)) if chunks else self._given.get(name)

    def _chunks(self, name: str) -> int:
        count = 0
        while self._given.get(f"{name}-{count}"):
            count += 1
        return count

    def _set(self, name: str, value: str, lifetime: timedelta, origin: str | None, below: str = "") -> None:
        """One cookie, or several for a long value; those of the other form, which would go before, are taken back."""
        before = self._chunks(name)
        # Servers of old set it for the whole domain, and a browser may still have that one.
        self._write(name, "", timedelta(0), None, domain=self._settings.host)
        if len(value) <= CHUNK:
            parts = {name: value}
            stale = [f"{name}-{n}" for n in range(before)]
        else:
            parts = {f"{name}-{n}": value[n * CHUNK : (n + 1) * CHUNK] for n in range(-(-len(value) // CHUNK))}
            stale = [f"{name}-{n}" for n in range(len(parts), before)]
            stale += [name] if self._given.get(name) else []
        for gone in stale:
            self._write(gone, "", timedelta(0), origin)
        for part, text in parts.items():
            self._write(part, text, lifetime, origin, below)

    def _remove(self, name: str, origin: str | None) -> None:
        if self._given.get(name):
            self._write(name, "", timedelta(0), origin)
        for n in range(self._chunks(name)):
            self._write(f"{name}-{n}", "", timedelta(0), origin)

    def _write(
        self,
        name: str,
        value: str,
        lifetime: timedelta,
        origin: str | None,
        below: str = "",
        *,
        domain: str | None = None,
    ) -> None:
        moment = self._clock.now() + lifetime if lifetime else datetime.fromtimestamp(0, UTC)
        settings = self._settings
        attributes = [
            f"{name}={quote(value, safe='')}",
            f"Max-Age={int(lifetime.total_seconds())}",
            *([f"Domain={domain}"] if domain else []),
            f"Path={settings.path}{below}",
            f"Expires={format_datetime(moment, usegmt=True)}",
            "HttpOnly",
            *(["Secure"] if settings.secure else []),
            f"SameSite={settings.same_site(origin)}",
        ]
        self.headers.append("; ".join(attributes))
