"""A configuration made of a plain dictionary, for what needs one and is not about how it is read."""

from __future__ import annotations

from typing import Any


class PlainConfig:
    def __init__(self, tree: dict[str, Any] | None = None) -> None:
        self._tree = tree or {}

    def get(self, path: str, default: Any = None) -> Any:
        value: Any = self._tree
        for key in path.split("."):
            if not isinstance(value, dict) or key not in value:
                return default
            value = value[key]
        return value

    def has(self, path: str) -> bool:
        return self.get(path) is not None


def allowing(*hosts: str, **rest: Any) -> PlainConfig:
    return PlainConfig({"backend": {"reading": {"allow": [{"host": host} for host in hosts]}}, **rest})
