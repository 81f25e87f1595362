"""Errors as OAuth has them: `{error, error_description}`. Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import orjson
from fastapi import Response

from app.errors import AuthenticationError, CallboardError, InputError, NotAllowedError, NotFoundError
from app.interfaces import JsonBytes

_OF_NAME = {
    InputError.name: ("invalid_request", 400),
    AuthenticationError.name: ("invalid_client", 401),
    NotAllowedError.name: ("access_denied", 403),
    NotFoundError.name: ("invalid_request", 400),
}


class OAuthError(CallboardError):
    """`code` is the error's name on the wire."""

    name = "OidcError"

    def __init__(self, code: str, description: str, status: int) -> None:
        super().__init__(description, extra={"status": status})
        self.code, self.status = code, status

    @classmethod
    def of(cls, error: CallboardError) -> OAuthError:
        """What an error of ours is called here. One that is not foreseen tells nothing."""
        if isinstance(error, OAuthError):
            return error
        code, status = _OF_NAME.get(error.name, ("server_error", 500))
        return cls(code, error.message or "Unknown error", status)

    def response(self) -> Response:
        body = orjson.dumps({"error": self.code, "error_description": self.message})
        return JsonBytes(body, self.status, {"cache-control": "no-store"}, etag=False)
