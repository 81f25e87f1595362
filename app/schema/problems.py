"""ajv's words for what is wrong with a value, from jsonschema-rs's findings.

The wording of every keyword is part of the wire: error messages, and the errors of entities, quote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One problem. `path` is ajv's instancePath, a JSON pointer (`/spec/owner`, empty for the root), `message` its
    words (`must be string`), `params` its params in ajv's order (`{"type": "string"}`)."""

    path: str
    message: str
    keyword: str
    params: Mapping[str, Any] = field(default_factory=dict)


Words = tuple[str, dict[str, Any]]


def _compared(sign: str) -> Callable[[Any], Words]:
    return lambda value: (f"must be {sign} {number(value)}", {"comparison": sign, "limit": value})


def _counted(word: str, things: str) -> Callable[[Any], Words]:
    return lambda value: (f"must NOT have {word} than {number(value)} {things}", {"limit": value})


def _type(value: str | list[str]) -> Words:
    # A list of types keeps its order and is written without spaces, as JavaScript joins it.
    return f"must be {value if isinstance(value, str) else ','.join(value)}", {"type": value}


def _one_of(value: list[list[Any]]) -> Words:
    passing = [index for index, branch in enumerate(value) if not branch]
    return "must match exactly one schema in oneOf", {"passingSchemas": passing[:2] or None}


WORDS: Mapping[str, Callable[[Any], Words]] = {
    "type": _type,
    "required": lambda value: (f"must have required property '{value}'", {"missingProperty": value}),
    "enum": lambda value: ("must be equal to one of the allowed values", {"allowedValues": value}),
    "const": lambda value: ("must be equal to constant", {"allowedValue": value}),
    "minimum": _compared(">="),
    "maximum": _compared("<="),
    "exclusiveMinimum": _compared(">"),
    "exclusiveMaximum": _compared("<"),
    "multipleOf": lambda value: (f"must be multiple of {number(value)}", {"multipleOf": value}),
    "minLength": _counted("fewer", "characters"),
    "maxLength": _counted("more", "characters"),
    "minItems": _counted("fewer", "items"),
    "maxItems": _counted("more", "items"),
    "additionalItems": _counted("more", "items"),
    "minProperties": _counted("fewer", "properties"),
    "maxProperties": _counted("more", "properties"),
    "pattern": lambda value: (f'must match pattern "{value}"', {"pattern": value}),
    "format": lambda value: (f'must match format "{value}"', {"format": value}),
    "contains": lambda value: ("must contain at least 1 valid item(s)", {"minContains": 1}),
    "anyOf": lambda value: ("must match a schema in anyOf", {}),
    "oneOf": _one_of,
    "not": lambda value: ("must NOT be valid", {}),
    "falseSchema": lambda value: ("boolean schema is false", {}),
}


def problem_of(error: jsonschema_rs.ValidationError, value: Any) -> Iterator[SchemaProblem]:
    """One finding in ajv's words, several where ajv reports each property by itself.

    `value` is what the keyword is about, as `error.kind.value` has it.
    """
    path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.instance_path)
    keyword = error.kind.name
    last = error.evaluation_path[-1] if error.evaluation_path else keyword
    if keyword in {"additionalProperties", "unevaluatedProperties"}:
        word = "additional" if keyword == "additionalProperties" else "unevaluated"
        for name in value:
            yield SchemaProblem(path, f"must NOT have {word} properties", keyword, {f"{word}Property": name})
        return
    if keyword == "required" and last == "dependencies":
        message, params = f"must have property {value} when another property is present", {"missingProperty": value}
    elif keyword == "propertyNames":
        yield from (
            SchemaProblem(path, below.message, below.keyword, below.params)
            for below in problem_of(value, value.kind.value)
        )
        message, params = "property name must be valid", {"propertyName": value.instance}
    elif keyword == "uniqueItems":
        message, params = _duplicates(error.instance if isinstance(error.instance, list) else [])
    else:
        message, params = WORDS[keyword](value) if keyword in WORDS else (error.message, {})
    yield SchemaProblem(path, message, keyword, params)


def _duplicates(items: list[Any]) -> Words:
    # ajv looks from the back: the last item that has an equal one before it, and the nearest of those.
    for i in range(len(items) - 1, 0, -1):
        for j in range(i - 1, -1, -1):
            if _same(items[i], items[j]):
                return f"must NOT have duplicate items (items ## {j} and {i} are identical)", {"i": i, "j": j}
    return "must NOT have duplicate items", {}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def number(value: Any) -> str:
    """A number as JavaScript writes it: 2.0 is `2`."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else str(value)
