"""Files of earlier bundles, kept for pages that were opened before a deployment. Source: spec/ui-backends.md §14.

Each server writes the files of its bundle into the database and says from time to time that it still has them. A
page that asks another server, or one of a later bundle, then finds what it was built with.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.interfaces import Database
from plugins.frontend.bundle import BundleFile
from plugins.frontend.media_types import is_text, media_type

KEPT: Final = timedelta(days=7)
"""How long a file can be had after the last server has stopped to have it."""
_BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class StoredAsset:
    content: bytes
    compressed: bool
    modified: datetime


class AssetStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, namespace: str, files: Mapping[str, BundleFile], now: datetime) -> int:
        """Say that these are in use, and store those that are not there yet; gives how many were new.

        Source maps are large and only for developers, who have others: they are left out.
        """
        wanted = {path: file for path, file in files.items() if not path.endswith(".map")}
        known = {path for (path,) in await self._read_paths(namespace, list(wanted))}
        async with self._database.write() as transaction:
            await transaction.execute(
                "UPDATE static_assets_cache SET last_modified_at = ?"  # noqa: S608
                f" WHERE namespace = ? AND {self._database.any_of('path', 'text')}",
                _ms(now),
                namespace,
                self._database.array(known),
            )
        new = [(path, file) for path, file in wanted.items() if path not in known]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            rows = await asyncio.to_thread(_rows, namespace, batch, now)
            async with self._database.write() as transaction:
                await transaction.execute_many(
                    "INSERT INTO static_assets_cache (namespace, path, content, compressed, last_modified_at)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (namespace, path) DO NOTHING",
                    rows,
                )
        return len(new)

    async def find(self, namespace: str, path: str) -> StoredAsset | None:
        rows = await self._database.read(
            "SELECT content, compressed, last_modified_at FROM static_assets_cache WHERE namespace = ? AND path = ?",
            namespace,
            path,
        )
        if not rows:
            return None
        content, compressed, modified = rows[0]
        return StoredAsset(bytes(content), bool(compressed), _moment(modified))

    async def forget(self, now: datetime) -> int:
        """Remove what no server has had for longer than `KEPT`; gives how many."""
        async with self._database.write() as transaction:
            return await transaction.execute(
                "DELETE FROM static_assets_cache WHERE last_modified_at <= ?", _ms(now - KEPT)
            )

    async def _read_paths(self, namespace: str, paths: list[str]) -> list[tuple[str, ...]]:
        return await self._database.read(
            "SELECT path FROM static_assets_cache"  # noqa: S608
            f" WHERE namespace = ? AND {self._database.any_of('path', 'text')}",
            namespace,
            self._database.array(paths),
        )


Row = tuple[str, str, bytes, bool, int]


def _rows(namespace: str, files: list[tuple[str, BundleFile]], now: datetime) -> list[Row]:
    return [_row(namespace, path, file, now) for path, file in files]


def _row(namespace: str, path: str, file: BundleFile, now: datetime) -> Row:
    content = file.content if file.content is not None else file.path.read_bytes()
    compressed = is_text(media_type(path))
    return namespace, path, gzip.compress(content, 6, mtime=0) if compressed else content, compressed, _ms(now)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
