"""What a sign-in answers. Source: spec/ui-backends.md §3.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from app.interfaces import Auth, JsonBytes
from plugins.auth.identity import Identity

_PRIVATE = {"cache-control": "no-store"}


async def session(
    auth: Auth,
    identity: Identity | None,
    *,
    profile: Mapping[str, Any],
    provider_info: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The session object that frontends read; with an identity, its token is issued here."""
    answer: dict[str, Any] = {"profile": dict(profile)}
    if provider_info is not None:
        answer["providerInfo"] = dict(provider_info)
    if identity is not None:
        answer["backstageIdentity"] = {
            "token": await auth.issue_user_token(identity.user_ref, identity.ownership),
            "identity": {
                "type": "user",
                "userEntityRef": identity.user_ref,
                "ownershipEntityRefs": list(identity.ownership),
            },
            "expiresInSeconds": int(auth.user_token_lifetime.total_seconds()),
        }
    return answer


def session_response(answer: Mapping[str, Any]) -> Response:
    """The object as JSON that no cache keeps."""
    return JsonBytes(orjson.dumps(answer), headers=_PRIVATE, etag=False)
