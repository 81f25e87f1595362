"""The `fields` parameter: parts of entities. Source: spec/catalog.md §2.6."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from app.errors import InputError
from catalog.interfaces import Entity
from catalog.query.caches import Cache

Json = Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_UNSAFE = frozenset(("__proto__", "constructor", "prototype"))
"""Never written. The reference still makes the objects above them, and its clients see that."""
_INHERITED = ("__proto__", "constructor")
_NOTHING = object()


class Fields:
    """Parsed `fields`, ready to be applied. Equal texts are equal fields."""

    __slots__ = ("_hash", "_paths", "names")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._hash = hash(self.names)
        self._paths = [name.split(".") for name in names]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self.names == other.names

    def __hash__(self) -> int:
        return self._hash

    def of(self, entity: Entity) -> Entity:
        """The chosen parts at the same paths; `{}` when there is none. The entity is not changed."""
        chosen: Entity = {}
        for segments in self._paths:
            path, value = _find(entity, segments)
            if value is not _NOTHING:
                _set(chosen, path, value)
        return chosen


def parse_fields(parameters: Sequence[str] | None) -> Fields | None:
    """All `fields` parameters (or the list of a body), each of them comma separated.

    Returns:
        None when nothing is left of them: no projection.

    Raises:
        InputError: a field contains `[`.
    """
    names = dict.fromkeys(name for text in parameters or () for part in text.split(",") if (name := part.strip()))
    for name in names:
        if "[" in name:
            raise InputError(f'Invalid field "{name}", array type fields are not supported')
    return Fields(tuple(names)) if names else None


class Projector:
    """Projects wire documents and remembers the results: user interfaces ask for the same parts again and again.

    A document is known by its bytes, so a changed entity is a new document and nothing needs to be dropped.
    """

    def __init__(self, budget: int) -> None:
        """`budget`: bytes that may be kept, documents included."""
        self._known: Cache[tuple[Fields, bytes], bytes] = Cache(budget)

    def project(self, documents: Iterable[bytes], fields: Fields | None) -> list[bytes]:
        """Wire-ready JSON of the parts, in order; the documents themselves without fields."""
        if fields is None:
            return list(documents)
        return [self._one(document, fields) for document in documents]

    def project_some(self, documents: Iterable[bytes | None], fields: Fields | None) -> list[bytes | None]:
        """The same for answers with gaps (`by-refs`)."""
        return [
            document if document is None or fields is None else self._one(document, fields) for document in documents
        ]

    def _one(self, document: bytes, fields: Fields) -> bytes:
        key = (fields, document)
        projected = self._known.get(key)
        if projected is None:
            projected = _dumped(fields.of(_loaded(document)))
            self._known.put(key, projected, len(projected) + len(document) + 200)
        return projected


def _loaded(document: bytes) -> Entity:
    try:
        entity: Entity = orjson.loads(document)
    except orjson.JSONDecodeError:
        # orjson refuses what JSON allows: lone surrogates, written as escapes.
        entity = json.loads(document)
    return entity


def _dumped(entity: Entity) -> bytes:
    try:
        return orjson.dumps(entity)
    except TypeError:
        return json.dumps(entity, separators=(",", ":")).encode()


def _find(value: Json, segments: list[str]) -> tuple[list[str], Json]:
    """Descend by the shortest segments that exist, gluing a missing one to its successor. No way back."""
    path: list[str] = []
    pending = ""
    missing = False
    for segment in segments:
        pending = f"{pending}.{segment}" if missing else segment
        below = _member(value, pending)
        missing = below is _NOTHING
        if not missing:
            path.append(pending)
            value = below
    return (path, _NOTHING) if missing else (path, value)


def _member(value: Json, name: str) -> Json:
    if isinstance(value, dict):
        if name in value:
            return value[name]
    elif isinstance(value, list):
        if _INDEX.fullmatch(name) and int(name) < len(value):
            return value[int(name)]
        if name == "length":
            return len(value)
    elif isinstance(value, str) and name == "length":
        # An artefact of JavaScript that the recorded answers hold.
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return None if name in _INHERITED and value is not None else _NOTHING


def _set(target: Json, path: list[str], value: Json) -> None:
    """Put a value at a path, making objects, or arrays where an index follows, on the way."""
    for place, name in enumerate(path):
        if name in _UNSAFE:
            return
        last = place + 1 == len(path)
        below = value if last else _get(target, name)
        if not last and not isinstance(below, dict | list):
            below = [] if _INDEX.fullmatch(path[place + 1]) else {}
        if isinstance(target, dict):
            target[name] = below
        elif _INDEX.fullmatch(name):
            index = int(name)
            target.extend([None] * (index + 1 - len(target)))
            target[index] = below
        else:
            return
        target = below


def _get(target: Json, name: str) -> Json:
    if isinstance(target, dict):
        return target.get(name)
    return target[int(name)] if _INDEX.fullmatch(name) and int(name) < len(target) else None
