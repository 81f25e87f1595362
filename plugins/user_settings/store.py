"""Settings in the database, by user, bucket and key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from app.interfaces import Database

Json = Any


class SettingStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user: str, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Json]:
        """The values at these buckets and keys, as far as there are any."""
        wanted = set(places)
        rows = await self._database.read(
            "SELECT bucket, key, value FROM user_settings_setting WHERE user_ref = ?"  # noqa: S608
            f" AND {self._database.any_of('bucket', 'text')} AND {self._database.any_of('key', 'text')}",
            user,
            self._database.array(sorted({bucket for bucket, _ in wanted})),
            self._database.array(sorted({key for _, key in wanted})),
        )
        return {(bucket, key): orjson.loads(value) for bucket, key, value in rows if (bucket, key) in wanted}

    async def put(self, user: str, bucket: str, key: str, value: Json) -> None:
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO user_settings_setting (user_ref, bucket, key, value) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (user_ref, bucket, key) DO UPDATE SET value = excluded.value",
                user,
                bucket,
                key,
                orjson.dumps(value).decode(),
            )

    async def remove(self, user: str, bucket: str, key: str) -> None:
        async with self._database.write() as transaction:
            await transaction.execute(
                "DELETE FROM user_settings_setting WHERE user_ref = ? AND bucket = ? AND key = ?", user, bucket, key
            )
