"""What GitHub says when it does not do what it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson

from app.errors import (
    CallboardError,
    ConflictError,
    InputError,
    NotAllowedError,
    NotFoundError,
    ServiceUnavailableError,
)


class GithubError(CallboardError):
    """An answer that is no success. `status` is GitHub's, 0 where there was none; `errors` are its details."""

    def __init__(self, message: str, *, status: int = 0, errors: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.errors = tuple(errors)


class GithubCredentialsError(GithubError):
    """401: the token is none, or none any more. Not an AuthenticationError: our own caller is known."""


class GithubForbiddenError(GithubError, NotAllowedError):
    """403: the token may not do this."""


class GithubNotFoundError(GithubError, NotFoundError):
    """404, 410: it is not there, or the token may not know that it is."""


class GithubConflictError(GithubError, ConflictError):
    """409, 412."""


class GithubInvalidError(GithubError, InputError):
    """400, 422: GitHub does not take what it was given."""


class GithubUnavailableError(GithubError, ServiceUnavailableError):
    """5xx, no answer, or half of one. Nothing is known."""


class GithubLimitedError(GithubError, ServiceUnavailableError):
    """A rate limit, and more patience would be needed than there is. `retry_at` is when to come again."""

    def __init__(self, message: str, retry_at: datetime, *, status: int = 0) -> None:
        super().__init__(message, status=status)
        self.retry_at = retry_at


def message_of(response: httpx.Response) -> tuple[str, list[Any]]:
    """GitHub's words as Octokit puts them, and the details: `Validation Failed: {…} - https://docs.github.com/…`."""
    try:
        body = orjson.loads(response.content)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return f"{response.status_code} {response.reason_phrase}".strip(), []
    errors = body.get("errors")
    details = errors if isinstance(errors, list) else []
    words = body["message"]
    if details:
        words = f"{words}: {', '.join(orjson.dumps(one).decode() for one in details)}"
    if body.get("documentation_url"):
        words = f"{words} - {body['documentation_url']}"
    return words, details


def error_of(response: httpx.Response) -> GithubError:
    """The error that an unsuccessful answer is. Rate limits are told apart before (`limits.refusal_of`)."""
    words, details = message_of(response)
    status = response.status_code
    kind = {
        400: GithubInvalidError,
        401: GithubCredentialsError,
        403: GithubForbiddenError,
        404: GithubNotFoundError,
        409: GithubConflictError,
        410: GithubNotFoundError,
        412: GithubConflictError,
        422: GithubInvalidError,
        451: GithubForbiddenError,
    }.get(status, GithubUnavailableError if status >= 500 else GithubError)
    return kind(words, status=status, errors=details)
