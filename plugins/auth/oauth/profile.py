"""What is shown of somebody, from how OAuth providers describe them. Source: spec/ui-backends.md §3.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from app.interfaces import SignInProfile


@dataclass(frozen=True, slots=True)
class Account:
    """A provider's user. `email_verified` False: the address is theirs to claim, so it is none."""

    id: str | None = None
    username: str | None = None
    display_name: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    picture: str | None = None
    profile_url: str | None = None
    node_id: str | None = None

    def described(self) -> dict[str, str]:
        """For resolvers, under the names of the reference."""
        members = {
            "id": self.id,
            "nodeId": self.node_id,
            "username": self.username,
            "displayName": self.display_name,
            "email": self.email if self.email_verified is not False else None,
            "profileUrl": self.profile_url,
        }
        return {name: value for name, value in members.items() if value is not None}


def unverified_claims(token: str | None) -> Mapping[str, Any]:
    """What a token says that has come from its issuer over a connection of our own; `{}` for what is no JWT."""
    try:
        return jwt.decode(token, options={"verify_signature": False}) if token else {}
    except jwt.PyJWTError:
        return {}


def profile_of(account: Account, id_token: str | None) -> SignInProfile:
    """The account's own words, and those of the ID token where it has none. An address that the provider calls
    unverified is nobody's: whoever signs in by it could be anybody."""
    claims = unverified_claims(id_token)
    email = account.email if account.email_verified is not False else None
    if email is None and account.email_verified is not False and claims.get("email_verified") is not False:
        email = _text(claims.get("email"))
    return SignInProfile(
        email=email,
        display_name=account.display_name or account.username or account.id or _text(claims.get("name")),
        picture=account.picture or _text(claims.get("picture")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
