"""Placeholders such as `{$text: ./openapi.yaml}`, as far as they can be followed without a network.

Source: spec/catalog.md §4.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KNOWN = frozenset({"text", "json", "yaml", "openapi", "asyncapi"})
AS_TEXT = frozenset({"text", "openapi", "asyncapi"})
STAND_IN = "(read when the entity is processed)"

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder: where it stands and what it points to. `missing` tells of a file that is not there."""

    path: Steps
    key: str
    value: Any
    missing: bool

    @property
    def wrong(self) -> str | None:
        if not isinstance(self.value, str):
            return (
                f"Placeholder ${self.key} expected a string value parameter, in the form of an absolute URL or a "
                "relative path"
            )
        return None


def replaced(value: Any, file: Path) -> tuple[Any, list[Placeholder]]:
    """The value with a text in the place of each placeholder, and what they were."""
    found: list[Placeholder] = []
    return _replace(value, (), file, found), found


def unread(placeholders: list[Placeholder]) -> Iterator[Steps]:
    """Where a value stands that only the server will know the type of."""
    return (one.path for one in placeholders if one.key not in AS_TEXT)


def _replace(value: Any, path: Steps, file: Path, found: list[Placeholder]) -> Any:
    if isinstance(value, list):
        return [_replace(item, (*path, index), file, found) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if not any(key.startswith("$") for key in value):
        return {key: _replace(member, (*path, key), file, found) for key, member in value.items()}
    if len(value) != 1:
        return value
    ((name, target),) = value.items()
    if name[1:] not in KNOWN:
        return value
    found.append(Placeholder(path, name[1:], target, _is_missing(target, file)))
    return STAND_IN


def _is_missing(target: Any, file: Path) -> bool:
    if not isinstance(target, str) or "://" in target or target.startswith("/"):
        return False
    return not (file.parent / target).is_file()
