"""What one confined job may use, and the error of one that wants more."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

from app.errors import CallboardError


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one job. Beyond any of them the job ends with a LimitReachedError that names it."""

    time: float = 300.0
    """Seconds by the wall clock, after which the job's process group is killed."""
    cpu: int = 120
    """Seconds of processor time."""
    memory: int = 1024 * 1024 * 1024
    """Bytes of address space."""
    file_size: int = 256 * 1024 * 1024
    """Bytes of any one file written."""
    files: int = 100_000
    """Files written."""
    bytes: int = 1024 * 1024 * 1024
    """Bytes written to all files together."""
    open_files: int = 256
    """Files open at a time."""
    processes: int = 0
    """Processes the job may start itself. Not enforced by the kernel for the superuser outside a user namespace."""

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    def apply(self) -> None:
        """Bind this process, for good."""
        for which, value in (
            (resource.RLIMIT_CPU, self.cpu),
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_FSIZE, self.file_size),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(which)
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # One second more, so that processor time ends in a signal of its own instead of SIGKILL.
            resource.setrlimit(which, (bound, bound + 1 if which == resource.RLIMIT_CPU and bound != hard else bound))


LIMITS: Final = Limits()

_UNITS: Final = {
    "time": "seconds",
    "cpu": "seconds of processor time",
    "memory": "bytes of memory",
    "file_size": "bytes in one file",
    "files": "files",
    "bytes": "bytes in all files",
    "open_files": "open files",
    "processes": "processes",
}


class LimitReachedError(CallboardError):
    """`limit` is the name of a field of `Limits`, `allowed` its value."""

    name: ClassVar[str] = "InputError"

    def __init__(self, job: str, limit: str, allowed: float) -> None:
        super().__init__(f"{job} hit the limit '{limit}': it may use {allowed:g} {_UNITS[limit]} at most")
        self.limit = limit
        self.allowed = allowed
