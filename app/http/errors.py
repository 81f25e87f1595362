"""Errors on the wire: the envelope, and the status code of each name. Source: spec/catalog.md §1.2."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.errors import (
    AuthenticationError,
    CallboardError,
    ConflictError,
    InputError,
    NotAllowedError,
    NotFoundError,
    NotImplementedByServerError,
    NotModifiedError,
    ServiceUnavailableError,
    name_of,
)

STATUS: Final[Mapping[str, int]] = {
    NotModifiedError.name: 304,
    InputError.name: 400,
    AuthenticationError.name: 401,
    NotAllowedError.name: 403,
    NotFoundError.name: 404,
    ConflictError.name: 409,
    NotImplementedByServerError.name: 501,
    ServiceUnavailableError.name: 503,
}
_NAME_OF_STATUS: Final = {status: name for name, status in STATUS.items()}

log = logging.getLogger(__name__)


class ErrorAnswer:
    """An error as status and body. With `development` the body holds stacks, and hidden errors show themselves."""

    __slots__ = ("body", "status")

    def __init__(self, error: BaseException, method: str, url: str, *, development: bool = False) -> None:
        self.status = status_of(error)
        shown = _shown(error, development=development)
        if development:
            shown["stack"] = "".join(traceback.format_exception(error))
        self.body = orjson.dumps(
            {"error": shown, "request": {"method": method, "url": url}, "response": {"statusCode": self.status}}
        )


def status_of(error: BaseException) -> int:
    """304 … 503 by name; the integer `statusCode` or `status` an error carries goes before it; else 500."""
    if isinstance(error, CallboardError):
        for key in ("statusCode", "status"):
            carried = error.extra.get(key)
            if isinstance(carried, int) and 100 <= carried <= 599:
                return carried
        return STATUS.get(error.name, 500)
    if isinstance(error, HTTPException):
        return error.status_code
    return 400 if isinstance(error, RequestValidationError) else 500


def _shown(error: BaseException, *, development: bool) -> dict[str, Any]:
    if isinstance(error, CallboardError):
        shown: dict[str, Any] = {"name": error.name, "message": error.message}
        shown.update(error.extra)
        if error.cause is not None:
            shown["cause"] = _cause(error.cause)
        return shown
    if isinstance(error, HTTPException):
        return {"name": _NAME_OF_STATUS.get(error.status_code, "Error"), "message": str(error.detail)}
    if isinstance(error, RequestValidationError):
        return {"name": InputError.name, "message": _first_mistake(error)}
    if development:
        return {"name": type(error).__name__, "message": str(error)}
    # What we did not foresee may quote anything: SQL, paths, secrets. The log has it, the client gets its number.
    log_id = secrets.token_hex(10)
    log.error("Request failed logId=%s", log_id, exc_info=error)
    return {"name": "Error", "message": f"An internal error occurred logId={log_id}"}


def _cause(error: BaseException) -> dict[str, Any]:
    if not isinstance(error, CallboardError):
        return {"name": name_of(error), "message": str(error)}
    shown: dict[str, Any] = {"name": error.name, "message": error.message, **error.extra}
    if error.cause is not None:
        shown["cause"] = _cause(error.cause)
    return shown


def _first_mistake(error: RequestValidationError) -> str:
    mistakes = error.errors()
    if not mistakes:
        return "request is not valid"
    where = "/".join(str(part) for part in mistakes[0].get("loc", ()))
    return f"request/{where} {mistakes[0].get('msg', 'is not valid')}"
