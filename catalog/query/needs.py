"""What an answer needs of the index."""

from __future__ import annotations

from typing import Literal, NamedTuple

from catalog.query.predicates import AllOf, AnyOf, HasKey, HasPrefix, HasValue, Not, Predicate

Kind = Literal["all", "value", "key", "prefix", "order", "refs", "facet"]


class Need(NamedTuple):
    """One structure of the index.

    `all`: every entity. `value`: entities with a key and value. `key`: entities with a key. `prefix`: entities with a
    key and a value that begins so. `order`: rows of a key in order. `refs`: entities in the order of their refs.
    `facet`: how many entities each original value of a key has.
    """

    kind: Kind
    key: str = ""
    value: str = ""


ALL = Need("all")
REFS = Need("refs")

REF_KEY = "\0ref"
"""Under this key a patch holds refs. No request can name it."""


def unspeakable(text: str) -> bool:
    """Whether no row can hold a text: databases take neither NUL nor lone surrogates."""
    return "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text))


def needs_of(predicate: Predicate) -> list[Need]:
    """What it takes to evaluate a predicate, each once."""
    found: dict[Need, None] = {}
    _collect(predicate, found)
    return list(found)


def _collect(predicate: Predicate, found: dict[Need, None]) -> None:
    match predicate:
        case HasValue(key, values):
            for value in values:
                found[Need("value", key, value)] = None
        case HasKey(key):
            found[Need("key", key)] = None
        case HasPrefix(key, prefix):
            found[Need("prefix", key, prefix)] = None
        case AllOf(parts) | AnyOf(parts):
            if not parts:
                found[ALL] = None
            for part in parts:
                _collect(part, found)
        case Not(part):
            found[ALL] = None
            _collect(part, found)
