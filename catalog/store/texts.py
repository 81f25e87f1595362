"""Texts as databases can hold and index them."""

from __future__ import annotations

from hashlib import sha256

MAX_INDEXED_BYTES = 2000
"""A B-tree entry of PostgreSQL holds about 2 700 bytes; keys that are longer are refused before they get there."""

MAX_REFRESH_KEY = 255
_REFRESH_KEY_HEAD = 180


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL or UTF-8 cannot hold."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def refresh_key(key: str) -> str:
    """A refresh key as stored: long ones end in a digest. Source: spec/catalog.md §4.1."""
    key = storable(key)
    if len(key) <= MAX_REFRESH_KEY:
        return key
    return f"{key[:_REFRESH_KEY_HEAD]}#sha256:{sha256(key.encode()).hexdigest()}"


def fits_index(*parts: str) -> bool:
    """Whether the texts together are short enough for one index entry."""
    if sum(map(len, parts)) * 4 <= MAX_INDEXED_BYTES:
        return True
    return sum(len(part.encode("utf-8", "replace")) for part in parts) <= MAX_INDEXED_BYTES
