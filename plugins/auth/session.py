"""What a sign-in answers. Source: spec/ui-backends.md §3.3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import Response

from app.interfaces import Auth, JsonBytes, SignedIn, SignInProfile

_PRIVATE = {"cache-control": "no-store"}


async def session(
    auth: Auth,
    identity: SignedIn | None,
    profile: SignInProfile,
    provider_info: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The session object that frontends read; with an identity, its token is issued here."""
    answer: dict[str, Any] = {"profile": wire_profile(profile)}
    if provider_info is not None:
        answer["providerInfo"] = {name: value for name, value in provider_info.items() if value is not None}
    if identity is not None:
        answer["backstageIdentity"] = {
            "token": await auth.issue_user_token(identity.user_ref, identity.ownership, claims=identity.claims),
            "identity": {
                "type": "user",
                "userEntityRef": identity.user_ref,
                "ownershipEntityRefs": list(identity.ownership),
            },
            "expiresInSeconds": int(auth.user_token_lifetime.total_seconds()),
        }
    return answer


def wire_profile(profile: SignInProfile) -> dict[str, str]:
    named = {"email": profile.email, "picture": profile.picture, "displayName": profile.display_name}
    return {name: value for name, value in named.items() if value is not None}


def session_response(answer: Mapping[str, Any], cookies: Iterable[str] = ()) -> Response:
    """The object as JSON that no cache keeps. `cookies` are Set-Cookie headers."""
    response = JsonBytes(orjson.dumps(answer), headers=_PRIVATE, etag=False)
    response.raw_headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies]
    return response
