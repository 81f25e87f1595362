"""What of the configuration a browser may see. Pure. Source: spec/ui-backends.md §14.

A schema says of each key who may see it: `visibility` of the value itself, `deepVisibility` of all that is below.
`frontend` is for browsers, `secret` for nobody, and whatever is not named stays on the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Json = Any
Schema = Mapping[str, Any]
Group = tuple[Schema, ...]
"""Schemas that count as one: a property that one of them names is no additional one to the others."""
Visibility = Literal["frontend", "secret"]

MAX_DEPTH: Final = 64
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Visible:
    """`deprecated` holds a key path and a word on it for each key that should not be used any more."""

    data: dict[str, Json]
    deprecated: list[dict[str, str]]


def visible_to_browsers(
    config: Mapping[str, Json], schemas: Iterable[Schema], *, never: Iterable[Schema] = ()
) -> Visible:
    """The part of a configuration that the schemas, taken together, declare to be for browsers.

    Where schemas disagree, `secret` wins; `never` holds further ones for the sake of the secrets they name. Objects
    and arrays stay as far as something in them does; entries of arrays that hold nothing visible are left out.
    """
    deprecated: list[dict[str, str]] = []
    filtered = _Filter(deprecated).value(config, [tuple(schemas), *((schema,) for schema in never)], None, None, "", 0)
    return Visible(filtered if isinstance(filtered, dict) else {}, deprecated)


class _Filter:
    def __init__(self, deprecated: list[dict[str, str]]) -> None:
        self._deprecated = deprecated

    def value(
        self,
        value: Json,
        groups: Sequence[Group],
        inherited: Visibility | None,
        of_array: Visibility | None,
        path: str,
        depth: int,
    ) -> Json:
        """The visible part, `_ABSENT` if there is none. `of_array` is what the array around a plain value says."""
        if depth > MAX_DEPTH:
            return _ABSENT
        groups = list(_spread(groups))
        seen = _strictest(_words(groups, "visibility")) or of_array or inherited
        below = inherited if inherited == "secret" else _strictest(_words(groups, "deepVisibility")) or inherited
        if inherited == "secret":
            seen = "secret"
        for word in _words(groups, "deprecated"):
            self._deprecated.append({"key": path, "description": word})
        if isinstance(value, Mapping):
            return self._object(value, groups, seen, below, path, depth)
        if isinstance(value, list):
            return self._array(value, groups, seen, below, path, depth)
        return value if seen == "frontend" and value is not None else _ABSENT

    def _object(
        self,
        value: Mapping[str, Json],
        groups: Sequence[Group],
        seen: Visibility | None,
        below: Visibility | None,
        path: str,
        depth: int,
    ) -> Json:
        shown = {}
        for key, member in value.items():
            inside = [found for group in groups for found in _of_property(group, key)]
            part = self.value(member, inside, below, None, f"{path}.{key}" if path else key, depth + 1)
            if part is not _ABSENT:
                shown[key] = part
        return shown if shown or seen == "frontend" else _ABSENT

    def _array(
        self,
        value: list[Json],
        groups: Sequence[Group],
        seen: Visibility | None,
        below: Visibility | None,
        path: str,
        depth: int,
    ) -> Json:
        shown = []
        for index, member in enumerate(value):
            inside = [found for group in groups for found in _of_item(group, index)]
            plain = not isinstance(member, Mapping | list)
            part = self.value(member, inside, below, seen if plain else None, f"{path}[{index}]", depth + 1)
            if part is not _ABSENT:
                shown.append(part)
        return shown if shown or seen == "frontend" else _ABSENT


def _spread(groups: Iterable[Group]) -> Iterator[Group]:
    """The groups themselves, `allOf` taken in, and every alternative they have: whichever might hold counts."""
    for group in groups:
        whole = tuple(_with_all_of(group))
        if whole:
            yield whole
        for schema in whole:
            for name in ("anyOf", "oneOf"):
                yield from _spread((branch,) for branch in schema.get(name, ()) if isinstance(branch, Mapping))
            for name in ("if", "then", "else"):
                if isinstance(schema.get(name), Mapping):
                    yield from _spread([(schema[name],)])


def _with_all_of(group: Iterable[Schema]) -> Iterator[Schema]:
    for schema in group:
        yield schema
        yield from _with_all_of(part for part in schema.get("allOf", ()) if isinstance(part, Mapping))


def _of_property(group: Group, key: str) -> Iterator[Group]:
    named = tuple(found for schema in group if (found := _member(schema, "properties", key)) is not None)
    if named:
        yield named
    matched = [
        found
        for schema in group
        for pattern, found in schema.get("patternProperties", {}).items()
        if isinstance(found, Mapping) and re.search(pattern, key)
    ]
    yield from ((found,) for found in matched)
    if not named and not matched:
        others = tuple(
            found for schema in group if isinstance(found := schema.get("additionalProperties"), Mapping) and found
        )
        if others:
            yield others


def _of_item(group: Group, index: int) -> Iterator[Group]:
    for schema in group:
        items = schema.get("items")
        if isinstance(items, Mapping):
            yield (items,)
        elif isinstance(items, list) and index < len(items) and isinstance(items[index], Mapping):
            yield (items[index],)


def _member(schema: Schema, name: str, key: str) -> Schema | None:
    found = schema.get(name, {}).get(key)
    return found if isinstance(found, Mapping) else None


def _words(groups: Iterable[Group], name: str) -> list[str]:
    return [word for group in groups for schema in group if isinstance(word := schema.get(name), str)]


def _strictest(words: Iterable[str]) -> Visibility | None:
    found = set(words)
    return "secret" if "secret" in found else "frontend" if "frontend" in found else None
