"""Hashes of entities. Source: spec/catalog.md §3.2, §4.4.

A hash is of the stable JSON text: keys sorted, no white space, so equal content has equal hashes whatever the order
of its keys.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Any

from catalog.json_numbers import dumps


def stable_json(value: Any) -> bytes:
    """JSON text with sorted keys and without white space."""
    return dumps(value, sort_keys=True)


def stable_hash(value: Any) -> str:
    """40 hex digits: the SHA-1 of the stable JSON text. For comparing content, not for secrets."""
    return sha1(stable_json(value), usedforsecurity=False).hexdigest()
