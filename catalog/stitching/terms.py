"""The search terms of a final entity: what every filter, order, facet and full-text search works on.

Source: spec/catalog.md §2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.errors import InputError
from catalog.json_numbers import js_number_text
from catalog.model.refs import DEFAULT_NAMESPACE

MAX_KEY = 200
MAX_VALUE = 200
"""Both in UTF-16 code units of the lower-cased text."""

_SKIPPED = frozenset(
    {"attachments", "relations", "status", "metadata.name", "metadata.namespace", "metadata.uid", "metadata.etag"}
)


class Term(NamedTuple):
    """A lower-cased path and a lower-cased value, with the value as written.

    `value` and `original` are None together: for null, and for a value that is too long to be compared.
    """

    key: str
    value: str | None
    original: str | None


def terms_of(entity: Mapping[str, Any]) -> list[Term]:
    """The terms of a final entity, one for each key and value; the first of those that are alike in lower case.

    Numbers are as `json_numbers.js_number` gives them. NUL, which databases refuse in text, is replaced. Raises
    InputError when two different keys become one in lower case.
    """
    terms: dict[tuple[str, str | None], Term] = {}
    for path, value in pairs_of(entity):
        term = term_of(path, value)
        if term is not None and (term.key, term.value) not in terms:
            terms[term.key, term.value] = term
    return list(terms.values())


def pairs_of(entity: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Paths and values as written, in document order; a path and value may come several times.

    Raises InputError when two different paths become one key in lower case.
    """
    pairs: list[tuple[str, Any]] = []
    _walk("", entity, pairs, set())
    metadata = entity["metadata"]
    namespace = metadata.get("namespace")
    pairs.append(("metadata.name", metadata["name"]))
    pairs.append(("metadata.namespace", namespace))
    pairs.append(("metadata.uid", metadata.get("uid")))
    if not namespace:
        pairs.append(("metadata.namespace", DEFAULT_NAMESPACE))
    pairs.extend(("relations." + relation["type"], relation["targetRef"]) for relation in entity.get("relations", ()))
    paths = {path for path, _ in pairs}
    if len({(_keys.get(path) or _lowered(path))[0] for path in paths}) != len(paths):
        raise _collisions(pairs)
    return pairs


def term_of(path: str, value: Any) -> Term | None:
    """The term of one path and value; None for a path that is too long to be a key."""
    _, key = _keys.get(path) or _lowered(path)
    if key is None:
        return None
    original = "true" if value is True else _text(value)
    if original is None:
        return Term(key, None, None)
    lowered = original.lower()
    if len(lowered) > MAX_VALUE or (not lowered.isascii() and _code_units(lowered) > MAX_VALUE):
        return Term(key, None, None)
    return Term(key, lowered, original)


_MAX_KEYS = 50_000
_keys: dict[str, tuple[str, str | None]] = {}
"""Lower-cased paths, and what they are indexed as (None: too long). Most entities have the same ones."""


def _lowered(path: str) -> tuple[str, str | None]:
    if len(_keys) >= _MAX_KEYS:
        _keys.clear()
    lowered = path.lower()
    key = _storable(lowered)
    too_long = len(key) > MAX_KEY or (not key.isascii() and _code_units(key) > MAX_KEY)
    _keys[path] = found = lowered, None if too_long else key
    return found


def _walk(path: str, value: Any, pairs: list[tuple[str, Any]], seen: set[str]) -> None:
    """Depth first. List items share the path of their list; a text in a list is also a key of its own."""
    if isinstance(value, dict):
        if path in _SKIPPED:
            return
        prefix = f"{path}." if path else ""
        for key, member in value.items():
            inner = prefix + key
            if isinstance(member, (dict, list)):
                _walk(inner, member, pairs, seen)
            elif inner not in _SKIPPED:
                pairs.append((inner, member))
    elif path not in _SKIPPED:
        for item in value:
            if isinstance(item, str):
                pairs.append((path, item))
                inner = f"{path}.{item}"
                lowered = inner.lower()
                if lowered not in seen:
                    seen.add(lowered)
                    pairs.append((inner, True))
            elif isinstance(item, (dict, list)):
                _walk(path, item, pairs, seen)
            else:
                pairs.append((path, item))


def _collisions(pairs: list[tuple[str, Any]]) -> InputError:
    keys = dict.fromkeys(path for path, _ in pairs)
    once = {key.lower() for key in keys}
    again: list[str] = []
    for key in keys:
        lower = key.lower()
        if lower in once:
            once.remove(lower)
        else:
            again.append(lower)
    names = "', '".join(again)
    return InputError(f"Entity has duplicate keys that vary only in casing, '{names}'")


def _text(value: Any) -> str | None:
    """`String(value)` of JavaScript."""
    if isinstance(value, str):
        return _storable(value)
    if value is None:
        return None
    if value is False:
        return "false"
    return js_number_text(value)


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _code_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
