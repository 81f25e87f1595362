"""What may go wrong with a database, in the project's own names."""

from __future__ import annotations

from app.errors import ServiceUnavailableError

DISK_FULL = "its disk is full"


class DatabaseUnavailableError(ServiceUnavailableError):
    """The database cannot be reached just now. Nothing was written; the same call may succeed later."""

    def __init__(self, why: BaseException, reason: str | None = None) -> None:
        # The driver's own text may hold addresses and user names: its type is enough for a client.
        super().__init__(f"The database is not available ({reason or type(why).__name__})")
        self.__cause__ = why


class TransactionConflictError(ServiceUnavailableError):
    """Two transactions stood in each other's way (deadlock, serialisation); nothing was written. Try again."""

    def __init__(self, why: BaseException) -> None:
        super().__init__(f"The database asks to try again ({type(why).__name__})")
        self.__cause__ = why


class LeadershipLostError(ServiceUnavailableError):
    """This process was the leading one and no longer is."""
