"""A small part of JSON Schema, compiled to plain functions that say what is wrong first.

Entities are validated on every change, and clients see the first violation in the words and the order of ajv, which the
reference uses. So schemas of kinds are compiled here, to closures that take a few microseconds, instead of being
interpreted by a general library; `app.schema` serves everything else.

Order: `type` first, then what holds for any type, then what holds for the type. A keyword that is not known here
raises ValueError when the schema is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """The first rule that a value breaks. `path` leads to the offending value; `params` is ajv's note on the rule."""

    path: tuple[str | int, ...]
    message: str
    param: tuple[str, str]
    at_key: str | int | None = None
    """The key below `path` that should not be there, if that is the offence."""

    def below(self, key: str | int) -> Violation:
        return replace(self, path=(key, *self.path))

    @property
    def pointer(self) -> str:
        """The JSON pointer to the value, `<root>` for the whole."""
        return "".join(f"/{_escaped(key)}" for key in self.path) or "<root>"

    def __str__(self) -> str:
        return f"{self.pointer} {self.message}"

    @property
    def detailed(self) -> str:
        """Pointer, message and the rule's parameter, as kind errors show them."""
        name, value = self.param
        return f"{self} - {name}: {value}"


Check = Callable[[Any], Violation | None]

_NOTES = frozenset({"$schema", "$id", "title", "description", "default", "examples", "deprecated", "format"})
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "boolean": (bool,),
    "number": (int, float),
    "null": (type(None),),
}


def compile_shape(schema: Schema) -> Check:
    """A function that gives the first violation of the schema, or None."""
    unknown = schema.keys() - _NOTES - _KEYWORDS
    if unknown:
        raise ValueError(f"not a keyword of shapes: {', '.join(sorted(unknown))}")
    checks: list[Check] = []
    types = schema.get("type")
    checks.extend(make(schema) for keyword, make in _ANY.items() if keyword in schema)
    if types is None:
        return _typed(None, None, checks, _for_types(schema, list(_TYPES)))
    names = [types] if isinstance(types, str) else list(types)
    accepted = frozenset(python for name in names for python in _TYPES[name])
    wrong = Violation((), f"must be {','.join(names)}", ("type", ",".join(names)))
    return _typed(accepted, wrong, checks, _for_types(schema, names))


def _for_types(schema: Schema, names: Iterable[str]) -> dict[type, list[Check]]:
    makers = {"string": _STRING, "array": _ARRAY, "object": _OBJECT}
    return {
        python: found
        for name in names
        if (found := [make(schema) for keyword, make in makers.get(name, {}).items() if keyword in schema])
        for python in _TYPES[name]
    }


def _typed(
    accepted: frozenset[type] | None, wrong: Violation | None, always: list[Check], by_type: dict[type, list[Check]]
) -> Check:
    if not always and len(by_type) == 1 and accepted is not None and len(accepted) == 1:
        (only,), (checks,) = accepted, by_type.values()
        return _single(only, wrong, checks)

    def check(value: Any) -> Violation | None:
        kind = type(value)
        if accepted is not None and kind not in accepted:
            return wrong
        for one in always:
            if (violation := one(value)) is not None:
                return violation
        for one in by_type.get(kind, ()):
            if (violation := one(value)) is not None:
                return violation
        return None

    return check


def _single(only: type, wrong: Violation | None, checks: list[Check]) -> Check:
    if len(checks) == 1:
        (the_one,) = checks
        return lambda value: the_one(value) if type(value) is only else wrong

    def check(value: Any) -> Violation | None:
        if type(value) is not only:
            return wrong
        for one in checks:
            if (violation := one(value)) is not None:
                return violation
        return None

    return check


def _required(schema: Schema) -> Check:
    absent = {
        name: Violation((), f"must have required property '{name}'", ("missingProperty", name))
        for name in schema["required"]
    }

    def check(value: Any) -> Violation | None:
        for name, violation in absent.items():
            if name not in value:
                return violation
        return None

    return check


def _additional(schema: Schema) -> Check:
    known = frozenset(schema.get("properties", ()))
    allowed = schema["additionalProperties"]
    if allowed is True:
        return lambda value: None
    if allowed is False:

        def refuse(value: Any) -> Violation | None:
            for name in value:
                if name not in known:
                    return Violation((), "must NOT have additional properties", ("additionalProperty", name), name)
            return None

        return refuse
    inner = compile_shape(allowed)

    def check(value: Any) -> Violation | None:
        for name, member in value.items():
            if name not in known and (violation := inner(member)) is not None:
                return violation.below(name)
        return None

    return check


def _properties(schema: Schema) -> Check:
    inner = [(name, compile_shape(member)) for name, member in schema["properties"].items()]

    def check(value: Any) -> Violation | None:
        for name, one in inner:
            if name in value and (violation := one(value[name])) is not None:
                return violation.below(name)
        return None

    return check


def _items(schema: Schema) -> Check:
    inner = compile_shape(schema["items"])

    def check(value: Any) -> Violation | None:
        for index, item in enumerate(value):
            if (violation := inner(item)) is not None:
                return violation.below(index)
        return None

    return check


def _limit(keyword: str, words: str, broken: Callable[[int, int], bool]) -> Callable[[Schema], Check]:
    def make(schema: Schema) -> Check:
        limit: int = schema[keyword]
        violation = Violation((), words.format(limit), ("limit", str(limit)))
        return lambda value: violation if broken(len(value), limit) else None

    return make


def _enum(schema: Schema) -> Check:
    values = list(schema["enum"])
    violation = Violation(
        (), "must be equal to one of the allowed values", ("allowedValues", ",".join(map(str, values)))
    )
    return lambda value: None if value in values else violation


def _const(schema: Schema) -> Check:
    wanted = schema["const"]
    text = wanted if isinstance(wanted, str) else orjson.dumps(wanted).decode()
    violation = Violation((), "must be equal to constant", ("allowedValue", text))
    return lambda value: None if value == wanted else violation


def _one_of(schema: Schema) -> Check:
    """Where none matches, the first violation is that of the first alternative, as in ajv."""
    alternatives = [compile_shape(one) for one in schema["oneOf"]]

    def check(value: Any) -> Violation | None:
        found = [one(value) for one in alternatives]
        matching = [str(index) for index, violation in enumerate(found) if violation is None]
        if len(matching) == 1:
            return None
        if not matching:
            return found[0]
        return Violation((), "must match exactly one schema in oneOf", ("passingSchemas", ",".join(matching)))

    return check


def _escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


_ANY: dict[str, Callable[[Schema], Check]] = {"const": _const, "enum": _enum, "oneOf": _one_of}
_STRING = {
    "maxLength": _limit("maxLength", "must NOT have more than {} characters", lambda size, limit: size > limit),
    "minLength": _limit("minLength", "must NOT have fewer than {} characters", lambda size, limit: size < limit),
}
_ARRAY: dict[str, Callable[[Schema], Check]] = {
    "minItems": _limit("minItems", "must NOT have fewer than {} items", lambda size, limit: size < limit),
    "items": _items,
}
_OBJECT: dict[str, Callable[[Schema], Check]] = {
    "required": _required,
    "additionalProperties": _additional,
    "properties": _properties,
}
_KEYWORDS = frozenset({"type", *_ANY, *_STRING, *_ARRAY, *_OBJECT})
