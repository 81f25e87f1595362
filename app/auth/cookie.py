"""The auth cookie: how a browser shows who it is where it cannot send a header. Source: spec/ui-backends.md §2.5."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from app.auth.credentials import COOKIE


@dataclass(frozen=True, slots=True)
class CookieJar:
    """Writes the cookie for a backend at this external URL."""

    base_url: str

    def set(self, token: str, expires_at: int) -> str:
        """A Set-Cookie header; `expires_at` in epoch seconds."""
        return f"{COOKIE}={token}; {self._attributes(expires_at)}"

    def clear(self) -> str:
        return f"{COOKIE}=; {self._attributes(0)}"

    def _attributes(self, expires_at: int) -> str:
        url = urlsplit(self.base_url)
        host = url.hostname or ""
        secure = url.scheme == "https" or host == "localhost"
        parts = [
            *([f"Domain={host}"] if host else []),
            "Path=/",
            f"Expires={format_datetime(datetime.fromtimestamp(expires_at, UTC), usegmt=True)}",
            "HttpOnly",
            *(["Secure"] if secure else []),
            "Priority=High",
            f"SameSite={'None' if secure else 'Lax'}",
        ]
        return "; ".join(parts)


def iso(expires_at: float) -> str:
    """`2030-01-31T12:00:00.000Z`, as JavaScript writes moments."""
    moment = datetime.fromtimestamp(expires_at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
