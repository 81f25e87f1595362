"""Uids and entity ids: the first 48 bits of a uid are the id, so both have one order."""

from __future__ import annotations

import re

import orjson

_PREFIX = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(?=-|$)")


def uid_prefix(entity_id: int) -> str:
    """What the uid of an entity begins with."""
    return f"{entity_id >> 16:08x}-{entity_id & 0xFFFF:04x}"


def id_of_uid(uid: str) -> int | None:
    """The entity that a uid can belong to; None for what is no uid. Whoever asks compares the whole uid."""
    lowered = uid.lower()
    return int(lowered[:8] + lowered[9:13], 16) if _PREFIX.match(lowered) else None


def place_of_uid(uid: str) -> float:
    """Where a text stands among entity ids by the order of uids: at an id, or halfway between two."""
    entity_id = id_of_uid(uid)
    if entity_id is not None:
        return entity_id
    lowered = uid.lower()
    low, high = 0, 1 << 48
    while low < high:
        middle = (low + high) // 2
        if uid_prefix(middle) < lowered:
            low = middle + 1
        else:
            high = middle
    return low - 0.5


def uid_of(entity_id: int, document: bytes | None) -> str:
    """The uid in an entity's document; a stand-in of the same place where the document is gone."""
    if document is not None:
        start = document.find(b'"uid":"' + uid_prefix(entity_id).encode() + b"-")
        if start >= 0 and document[start + 43 : start + 44] == b'"':
            return document[start + 7 : start + 43].decode("ascii", "replace")
        uid = orjson.loads(document).get("metadata", {}).get("uid")
        if isinstance(uid, str):
            return uid
    return f"{uid_prefix(entity_id)}-4000-8000-000000000000"
