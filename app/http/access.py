"""Which paths let everybody in, and which take the auth cookie."""

from __future__ import annotations

from collections.abc import Sequence


class PathSet:
    """Paths and subtrees, compared segment by segment without regard to case, as routes are."""

    def __init__(self) -> None:
        self._exact: set[tuple[str, ...]] = set()
        self._below: set[tuple[str, ...]] = set()

    def add(self, path: str) -> None:
        """`/a/b` is that path alone, `/a/*` is `/a` and all below."""
        parts = tuple(part.lower() for part in path.split("/") if part)
        if parts and parts[-1] == "*":
            self._below.add(parts[:-1])
        else:
            self._exact.add(parts)

    def __bool__(self) -> bool:
        return bool(self._exact or self._below)

    def __contains__(self, segments: Sequence[str]) -> bool:
        """Takes decoded segments: an encoded slash inside one never looks like two."""
        path = tuple(segment.lower() for segment in segments)
        return path in self._exact or any(path[: len(prefix)] == prefix for prefix in self._below)
