"""The error names the wire uses. Raise these; `app.http` alone knows the status code of each.

Source: spec/catalog.md §1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class CallboardError(Exception):
    """A failure with a name that clients know.

    `cause` is shown to the client as `error.cause` and appended to the message, as Backstage does.
    `extra` holds further members of the `error` object.
    """

    name: ClassVar[str] = "Error"

    def __init__(
        self, message: str = "", *, cause: BaseException | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        if cause is not None:
            message = f"{message}; caused by {describe(cause)}" if message else describe(cause)
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.extra = dict(extra or {})


class NotModifiedError(CallboardError):
    """The source has not changed since the given ETag."""

    name = "NotModifiedError"


class InputError(CallboardError):
    """The request is malformed or cannot be understood."""

    name = "InputError"


class AuthenticationError(CallboardError):
    """Credentials are missing or not valid."""

    name = "AuthenticationError"


class NotAllowedError(CallboardError):
    """The caller may not do this."""

    name = "NotAllowedError"


class NotFoundError(CallboardError):
    """What was asked for does not exist, or the caller may not know that it does."""

    name = "NotFoundError"


class ConflictError(CallboardError):
    """The request collides with what is already there."""

    name = "ConflictError"


class NotImplementedByServerError(CallboardError):
    """The server knows the request but does not offer it."""

    name = "NotImplementedError"


class UnsupportedMediaTypeError(CallboardError):
    """The body is of a type this route does not take."""

    name = "UnsupportedMediaTypeError"


class UnsupportedCharsetError(CallboardError):
    """The body is in an encoding that is not known here."""

    name = "UnsupportedCharsetError"


class PayloadTooLargeError(CallboardError):
    """The body is larger than this route takes."""

    name = "PayloadTooLargeError"


class ServiceUnavailableError(CallboardError):
    """The server cannot answer just now; the same request may succeed later."""

    name = "ServiceUnavailableError"


class UnreachableError(ServiceUnavailableError):
    """Connections to a remote are refused or cut: a firewall, perhaps."""


def name_of(error: BaseException) -> str:
    """The name an error has on the wire: its own, or `Error` for one that is not ours."""
    return error.name if isinstance(error, CallboardError) else "Error"


def describe(error: BaseException) -> str:
    """`Name: message`, as error texts quote their causes."""
    return f"{name_of(error)}: {error}"
