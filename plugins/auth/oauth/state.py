"""The `state` that goes to the identity provider and comes back: hex of an URL-encoded form. Source: §3.5."""

from __future__ import annotations

from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlencode

from app.errors import NotAllowedError


@dataclass(frozen=True, slots=True)
class OAuthState:
    """Known to everybody who sees the URL. What makes it ours is the nonce, which the browser's cookie has too."""

    nonce: str
    env: str
    origin: str | None = None
    redirectUrl: str | None = None  # noqa: N815 - the names of the wire
    flow: str | None = None
    scope: str | None = None

    def encode(self) -> str:
        members = ((field.name, getattr(self, field.name)) for field in fields(self))
        return urlencode([(name, value) for name, value in members if value is not None]).encode().hex()

    @classmethod
    def decode(cls, text: str) -> OAuthState:
        """Raises NotAllowedError for anything that we have not encoded."""
        try:
            members = dict(parse_qsl(bytes.fromhex(text).decode(), keep_blank_values=True))
        except ValueError:
            members = {}
        for name in ("env", "nonce"):
            if not members.get(name):
                raise NotAllowedError(f"OAuth state is invalid, missing {name}")
        return cls(**{field.name: members[field.name] for field in fields(cls) if field.name in members})
