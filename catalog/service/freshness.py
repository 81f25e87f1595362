"""ETags by catalog revision: equal revisions mean equal answers, so a 304 costs one number. Additive to the wire."""

from __future__ import annotations

from app.interfaces import Database
from catalog.interfaces import EntitiesCatalog
from catalog.service.authorized import Sight


class Freshness:
    """Names the catalog's state in ETags.

    A revision's number alone would be the same in a catalog that was thrown away and built anew, so its moment goes
    in as well; it is read once for each revision.
    """

    def __init__(self, entities: EntitiesCatalog, database: Database) -> None:
        self._entities = entities
        self._database = database
        self._known: tuple[int, str] = (-1, "")

    async def etag(self, sight: Sight) -> str:
        """The weak ETag of every answer that depends on entities alone, for a caller who sees this much.

        To be taken before the data is read: data newer than its ETag is fetched once more, older data for ever.
        """
        revision = await self._entities.revision()
        known, stamp = self._known
        if known != revision:
            rows = await self._database.read("SELECT at FROM catalog_revision WHERE n = ?", revision)
            stamp = f"{revision:x}-{rows[0][0] if rows else 0:x}"
            self._known = (revision, stamp)
        return f'W/"{stamp}{sight.tag}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` header names the ETag, compared weakly. Source: RFC 9110 §13.1.2."""
    if if_none_match is None:
        return False
    if if_none_match == etag or if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == opaque for part in if_none_match.split(","))
