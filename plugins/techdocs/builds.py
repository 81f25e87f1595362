"""Who builds which site, and when it was last looked at: the same for all replicas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.interfaces import Database

CHANNEL: Final = "techdocs_build"
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BuildState:
    """Milliseconds since 1970; 0 for never."""

    checked_at: int = 0
    built_at: int = 0


class BuildStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, uid: str) -> BuildState:
        rows = await self._database.read("SELECT checked_at, built_at FROM techdocs_build WHERE uid = ?", uid)
        return BuildState(*rows[0]) if rows else BuildState()

    async def claim(self, uid: str, owner: str, now: datetime, lease: timedelta) -> bool:
        """Take or renew the lease of a site until `now + lease`. False: somebody else holds it."""
        async with self._database.write() as transaction:
            taken = await transaction.execute(
                "INSERT INTO techdocs_build (uid, owner, leased_until, checked_at, built_at) VALUES (?, ?, ?, 0, 0)"
                " ON CONFLICT (uid) DO UPDATE SET owner = excluded.owner, leased_until = excluded.leased_until"
                " WHERE techdocs_build.leased_until <= ? OR techdocs_build.owner = excluded.owner",
                uid,
                owner,
                milliseconds(now + lease),
                milliseconds(now),
            )
        return taken > 0

    async def release(self, uid: str, owner: str, *, checked: datetime | None = None, built: bool = False) -> None:
        """Give the lease back. `checked`: the site is up to date as of then, and `built` anew."""
        at = milliseconds(checked) if checked is not None else None
        async with self._database.write() as transaction:
            await transaction.execute(
                "UPDATE techdocs_build SET leased_until = 0, checked_at = COALESCE(?, checked_at),"
                " built_at = COALESCE(?, built_at) WHERE uid = ? AND owner = ?",
                at,
                at if built else None,
                uid,
                owner,
            )
            await transaction.notify(CHANNEL, uid)

    async def forget(self, now: datetime) -> None:
        """Remove what nobody has looked at for long."""
        async with self._database.write() as transaction:
            await transaction.execute(
                "DELETE FROM techdocs_build WHERE checked_at < ? AND leased_until < ?",
                milliseconds(now - KEPT),
                milliseconds(now),
            )


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
