"""`metadata.uid`: a UUID whose first 48 bits are the entity's number, so ordering by uid is ordering by number."""

from __future__ import annotations

import secrets
from uuid import UUID

MAX_ENTITY_ID = (1 << 48) - 1

_VERSION = 0x4 << 76
_VARIANT = 0b10 << 62


def uid_of(entity_id: int) -> str:
    """A new uid for an entity number. The other 74 bits are random: a deleted entity's uid never comes back.

    Raises ValueError when the number does not fit.
    """
    if not 0 < entity_id <= MAX_ENTITY_ID:
        raise ValueError(f"not an entity number: {entity_id}")
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(UUID(int=entity_id << 80 | _VERSION | high << 64 | _VARIANT | low))


def entity_id_of(uid: str) -> int | None:
    """The entity number in a uid; None for a text that is no UUID."""
    try:
        return UUID(uid).int >> 80
    except ValueError:
        return None
