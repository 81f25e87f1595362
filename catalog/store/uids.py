"""`metadata.uid`: a UUID whose first 48 bits are the entity's number, so ordering by uid is ordering by number."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from uuid import UUID

MAX_ENTITY_ID = (1 << 48) - 1

_RANDOM_BYTES = 10
"""74 bits and some."""


def uid_of(entity_id: int) -> str:
    """A new uid for an entity number. The other 74 bits are random: a deleted entity's uid never comes back.

    Raises ValueError when the number does not fit.
    """
    return next(uids_of((entity_id,)))


def uids_of(entity_ids: Sequence[int]) -> Iterator[str]:
    """A uid for each number. The system is asked for randomness once: asking takes longer than all the rest."""
    random = secrets.token_bytes(_RANDOM_BYTES * len(entity_ids)).hex()
    for place, entity_id in enumerate(entity_ids):
        if not 0 < entity_id <= MAX_ENTITY_ID:
            raise ValueError(f"not an entity number: {entity_id}")
        number = f"{entity_id:012x}"
        bits = random[place * 20 : place * 20 + 20]
        variant = "89ab"[int(bits[3], 16) & 3]
        yield f"{number[:8]}-{number[8:]}-4{bits[:3]}-{variant}{bits[4:7]}-{bits[7:19]}"


def entity_id_of(uid: str) -> int | None:
    """The entity number in a uid; None for a text that is no UUID."""
    try:
        return UUID(uid).int >> 80
    except ValueError:
        return None
