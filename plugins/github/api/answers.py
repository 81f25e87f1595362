"""Answers kept with their ETags: asking again costs nothing of the quota while nothing has changed (304).

Source: docs.github.com, "Best practices for using the REST API", conditional requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from app.interfaces import Database

MAX_BODY: Final = 512 * 1024
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    etag: str
    body: bytes
    link: str | None
    """The answer's Link header: a kept page leads to the next one."""


class Answers:
    """By credential and URL: two credentials may see different things."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = False

    async def start(self) -> None:
        self._open = True

    async def stop(self) -> None:
        self._open = False

    async def find(self, credential: str, url: str) -> KeptAnswer | None:
        if not self._open:
            return None
        rows = await self._database.read(
            "SELECT etag, body, link FROM github_answer WHERE credential = ? AND url = ?", credential, url
        )
        return KeptAnswer(rows[0][0], rows[0][1].encode(), rows[0][2]) if rows else None

    async def keep(self, credential: str, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Remember a JSON answer that has an ETag and is not too large."""
        etag = headers.get("etag")
        if not self._open or not etag or len(body) > MAX_BODY:
            return
        try:
            # JSON alone, and none with what PostgreSQL cannot store in a text.
            text = orjson.dumps(orjson.loads(body)).decode()
        except ValueError:
            return
        if "\\u0000" in text:
            return
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO github_answer (credential, url, etag, body, link, kept_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (credential, url) DO UPDATE SET etag = excluded.etag, body = excluded.body,"
                " link = excluded.link, kept_at = excluded.kept_at",
                credential,
                url,
                etag,
                text,
                headers.get("link"),
                _ms(now),
            )

    async def forget(self, now: datetime) -> int:
        """Remove what has been kept for a month: one request each finds out again."""
        async with self._database.write() as transaction:
            return await transaction.execute("DELETE FROM github_answer WHERE kept_at < ?", _ms(now - KEPT))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
