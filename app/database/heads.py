"""Whether there is anything to migrate, found out without Alembic: loading it would be a good part of every start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, Protocol

from app.errors import CallboardError

_ASSIGNED: Final = r"(?::[^=\n]+)?=\s*(?P<value>.+)$"
_REVISION: Final = re.compile(rf"^revision\s*{_ASSIGNED}", re.MULTILINE)
_DOWN: Final = re.compile(rf"^down_revision\s*{_ASSIGNED}", re.MULTILINE)
_TEXT: Final = re.compile(r"""["']([^"']+)["']""")


class Reads(Protocol):
    async def read(self, sql: str, *params: Any) -> list[tuple[Any, ...]]: ...


def version_table(plugin: str) -> str:
    return f"migrations_{plugin.replace('-', '_')}"


def heads_of(package: str) -> frozenset[str]:
    """The newest revisions of a package, read from its files' text."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in files(package).iterdir():
        if file.name.endswith(".py"):
            text = file.read_text(encoding="utf-8")
            if (found := _REVISION.search(text)) is not None:
                revisions.update(_TEXT.findall(found["value"]))
            if (found := _DOWN.search(text)) is not None:
                followed.update(_TEXT.findall(found["value"]))
    return frozenset(revisions - followed)


async def behind(database: Reads, packages: Mapping[str, str]) -> list[str]:
    """The plugins whose tables are not those of their newest revision, as far as can be told.

    Raises ServiceUnavailableError when the database cannot be asked.
    """
    return [plugin for plugin, package in packages.items() if await _applied(database, plugin) != heads_of(package)]


async def _applied(database: Reads, plugin: str) -> frozenset[str] | None:
    try:
        rows = await database.read(f"SELECT version_num FROM {version_table(plugin)}")  # noqa: S608 - a plugin's id
    except CallboardError:
        raise
    except Exception:  # noqa: BLE001 - each driver has its own error for a missing table; Alembic then finds out
        return None
    return frozenset(row[0] for row in rows)
