"""One spelling of parameters for both engines."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1024)
def numbered(sql: str) -> str:
    """`?` becomes `$1`, `$2`, … as PostgreSQL wants them. A literal question mark must be a parameter."""
    first, *rest = sql.split("?")
    return first + "".join(f"${index}{part}" for index, part in enumerate(rest, 1))
