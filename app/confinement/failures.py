"""How work in a confined child failed, on its way to the parent: a name and a message."""

from __future__ import annotations

import errno
from typing import Any, Final

from app import errors
from app.errors import CallboardError, describe, name_of

LIMIT_OF_ERRNO: Final = {
    errno.EFBIG: "file_size",
    errno.EMFILE: "open_files",
    errno.ENOMEM: "memory",
    errno.EAGAIN: "processes",
}
"""Which limit a system call's error tells of."""


class JobError(CallboardError):
    """A job's own failure; `name` is that of the error it raised, which decides the status."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name  # type: ignore[misc]


def failure(name: str, message: str) -> CallboardError:
    """The job's error as one of the project's own classes, if it was one."""
    for known in vars(errors).values():
        if isinstance(known, type) and issubclass(known, CallboardError) and known.name == name:
            return known(message)
    return JobError(name, message)


def system_text(error: OSError) -> str:
    """What the operating system refuses, in the words of the reference: `ENOSPC: no space left on device, 'a/b'`."""
    reason = errno.errorcode.get(error.errno or 0, "error")
    place = f", '{error.filename}'" if error.filename else ""
    return f"{reason}: {(error.strerror or str(error)).lower()}{place}"


def answer_of(error: BaseException) -> dict[str, Any]:
    """What a child says of an error: the limit it hit, or the failure's name and message."""
    if isinstance(error, MemoryError):
        return {"limit": "memory"}
    if isinstance(error, OSError):
        if limit := LIMIT_OF_ERRNO.get(error.errno or 0):
            return {"limit": limit}
        return {"failed": ["Error", system_text(error)]}
    if isinstance(error, CallboardError):
        return {"failed": [name_of(error), error.message]}
    return {"failed": ["Error", describe(error) if str(error) else type(error).__name__]}
