"""The keywords of JSON Schema, draft 4 to 7: each says what is wrong with one value. Source: spec/scaffolder.md §0.4.

A rule is `(value, schema, place) → problems`. It leaves alone what it does not speak of: `pattern` a number, all of
them a value that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from decimal import Decimal
from typing import Any, Final

from app.errors import InputError
from scaffolder.service.formats import conforms
from scaffolder.service.javascript import MISSING, is_number, quoted, same, string_of
from scaffolder.service.patterns import matches
from scaffolder.service.problems import Place, ValidationProblem

Json = Any
Schema = Mapping[str, Json]
Problems = list[ValidationProblem]
Rule = Callable[[Json, Schema, Place], Problems]

_TYPES: Final[Mapping[str, Callable[[Json], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "integer": lambda value: is_number(value) and value % 1 == 0,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, Mapping),
    "any": lambda value: True,
}


def _type(value: Json, schema: Schema, place: Place) -> Problems:
    if value is MISSING:
        return []
    wanted = schema["type"]
    types = wanted if isinstance(wanted, list) else [wanted]
    if any(_is_type(value, one, place) for one in types):
        return []
    names = [string_of(one) if not isinstance(one, Mapping) else _named(one) for one in types]
    return [place.problem(value, schema, "type", f"is not of a type(s) {','.join(names)}", names)]


def _named(schema: Schema) -> str:
    identity = schema.get("$id") or schema.get("id")
    return f"<{identity}>" if identity else "[object Object]"


def _is_type(value: Json, wanted: Json, place: Place) -> bool:
    if isinstance(wanted, Mapping):
        return place.holds(value, wanted)
    # A type that nobody knows is no error.
    test = _TYPES.get(wanted) if isinstance(wanted, str) else None
    return test is None or test(value)


def _enum(value: Json, schema: Schema, place: Place) -> Problems:
    allowed = schema["enum"]
    if value is MISSING:
        return []
    if not isinstance(allowed, list):
        raise InputError("enum expects an array")
    if any(same(value, one) for one in allowed):
        return []
    listed = ",".join(string_of(one) for one in allowed)
    return [place.problem(value, schema, "enum", f"is not one of enum values: {listed}", allowed)]


def _const(value: Json, schema: Schema, place: Place) -> Problems:
    wanted = schema["const"]
    if value is MISSING or same(value, wanted):
        return []
    return [
        place.problem(value, schema, "const", f"does not exactly match expected constant: {string_of(wanted)}", wanted)
    ]


def _label(schema: Json, index: int, *, bracketed: bool) -> str:
    if isinstance(schema, Mapping):
        if identity := schema.get("$id") or schema.get("id"):
            return f"<{identity}>" if bracketed else str(identity)
        if title := schema.get("title"):
            return quoted(title)
        if reference := schema.get("$ref"):
            return f"<{reference}>"
    return f"[subschema {index}]"


def _alternatives(schema: Schema, keyword: str) -> list[Json]:
    parts = schema[keyword]
    if not isinstance(parts, list):
        raise InputError(f"{keyword} must be an array")
    return parts


def _any_of(value: Json, schema: Schema, place: Place) -> Problems:
    parts = _alternatives(schema, "anyOf")
    if value is MISSING or any(place.holds(value, one) for one in parts):
        return []
    labels = [_label(one, index, bracketed=True) for index, one in enumerate(parts)]
    return [place.problem(value, schema, "anyOf", f"is not any of {','.join(labels)}", labels)]


def _one_of(value: Json, schema: Schema, place: Place) -> Problems:
    parts = _alternatives(schema, "oneOf")
    if value is MISSING or sum(place.holds(value, one) for one in parts) == 1:
        return []
    labels = [_label(one, index, bracketed=False) for index, one in enumerate(parts)]
    return [place.problem(value, schema, "oneOf", f"is not exactly one from {','.join(labels)}", labels)]


def _all_of(value: Json, schema: Schema, place: Place) -> Problems:
    parts = _alternatives(schema, "allOf")
    if value is MISSING:
        return []
    found: Problems = []
    for index, one in enumerate(parts):
        nested = place.check(value, one)
        if nested:
            label = _label(one, index, bracketed=False)
            argument = {"id": label, "length": len(nested), "valid": _result(value, one, nested, place)}
            message = f"does not match allOf schema {label} with {len(nested)} error[s]:"
            found += [place.problem(value, schema, "allOf", message, argument), *nested]
    return found


def _result(value: Json, schema: Json, problems: Problems, place: Place) -> Json:
    """The library's own record of the attempt, which it shows as the argument."""
    return {
        "instance": value,
        "schema": schema,
        "options": {},
        "path": list(place.path),
        "propertyPath": place.property,
        "errors": [problem.document() for problem in problems],
        "disableFormat": False,
    }


def _not(value: Json, schema: Schema, place: Place) -> Problems:
    if value is MISSING:
        return []
    unwanted = schema["not"]
    found: Problems = []
    for one in unwanted if isinstance(unwanted, list) else [unwanted]:
        if isinstance(one, bool) or not _is_type(value, one, place):
            continue
        identity = (one.get("$id") or one.get("id")) if isinstance(one, Mapping) else None
        shown = identity or one
        found.append(place.problem(value, schema, "not", f"is of prohibited type {string_of(shown)}", shown))
    return found


def _if(value: Json, schema: Schema, place: Place) -> Problems:
    if value is MISSING:
        return []
    branch = schema.get("then" if place.holds(value, schema["if"]) else "else", True)
    return place.check(value, branch)


def _required(value: Json, schema: Schema, place: Place) -> Problems:
    required = schema["required"]
    if required is True:
        return [place.problem(value, schema, "required", "is required")] if value is MISSING else []
    if not isinstance(value, Mapping) or not isinstance(required, list):
        return []
    return [
        place.problem(value, schema, "required", f"requires property {quoted(name)}", name)
        for name in required
        if name not in value
    ]


def _properties(value: Json, schema: Schema, place: Place) -> Problems:
    if not isinstance(value, Mapping):
        return []
    found: Problems = []
    for name, below in (schema["properties"] or {}).items():
        found += place.check(value.get(name, MISSING), below, name)
    return found


def _additional(value: Mapping[str, Json], schema: Schema, place: Place, name: str) -> Problems:
    if name in (schema.get("properties") or {}):
        return []
    additional = schema.get("additionalProperties", True)
    if additional is False:
        message = f"is not allowed to have the additional property {quoted(name)}"
        return [place.problem(value, schema, "additionalProperties", message, name)]
    return place.check(value[name], additional or {}, name)


def _additional_properties(value: Json, schema: Schema, place: Place) -> Problems:
    # Beside `patternProperties`, that keyword looks after them.
    if not isinstance(value, Mapping) or schema.get("patternProperties"):
        return []
    return [problem for name in value for problem in _additional(value, schema, place, name)]


def _pattern_properties(value: Json, schema: Schema, place: Place) -> Problems:
    if not isinstance(value, Mapping):
        return []
    found: Problems = []
    patterns = schema["patternProperties"] or {}
    for name, held in value.items():
        fitting = [below for pattern, below in patterns.items() if matches(pattern, name)]
        for below in fitting:
            found += place.check(held, below, name)
        if not fitting:
            found += _additional(value, schema, place, name)
    return found


def _property_names(value: Json, schema: Schema, place: Place) -> Problems:
    if not isinstance(value, Mapping):
        return []
    return [problem for name in value for problem in place.check(name, schema["propertyNames"])]


def _dependencies(value: Json, schema: Schema, place: Place) -> Problems:
    if not isinstance(value, Mapping):
        return []
    found: Problems = []
    for name, wanted in (schema["dependencies"] or {}).items():
        if name not in value:
            continue
        where = place.deeper(name).property
        if isinstance(wanted, str | list):
            for other in [wanted] if isinstance(wanted, str) else wanted:
                if other not in value:
                    message = f"property {other} not found, required by {where}"
                    found.append(place.problem(value, schema, "dependencies", message, where))
        elif nested := place.check(value, wanted, name):
            message = f"does not meet dependency required by {where}"
            found += [place.problem(value, schema, "dependencies", message, where), *nested]
    return found


def _items(value: Json, schema: Schema, place: Place) -> Problems:
    if not isinstance(value, list):
        return []
    items = schema["items"]
    found: Problems = []
    for index, entry in enumerate(value):
        below = items
        if isinstance(items, list):
            below = items[index] if index < len(items) else schema.get("additionalItems", True)
        if below is False:
            return [*found, place.problem(value, schema, "items", "additionalItems not permitted")]
        found += place.check(entry, below, index)
    return found


def _contains(value: Json, schema: Schema, place: Place) -> Problems:
    wanted = schema["contains"]
    if not isinstance(value, list) or any(place.holds(entry, wanted) for entry in value):
        return []
    return [place.problem(value, schema, "contains", "must contain an item matching given schema", wanted)]


def _unique_items(value: Json, schema: Schema, place: Place) -> Problems:
    if schema["uniqueItems"] is not True or not isinstance(value, list):
        return []
    plain = all(isinstance(entry, str) for entry in value)
    # A long list of texts, which is what forms send, is not compared each with each.
    repeated = (
        len(set(value)) < len(value)
        if plain
        else any(same(entry, other) for index, entry in enumerate(value) for other in value[index + 1 :])
    )
    return [place.problem(value, schema, "uniqueItems", "contains duplicate item")] if repeated else []


def _length(keyword: str, kind: type[Sized], what: str, *, least: bool) -> Rule:
    def rule(value: Json, schema: Schema, place: Place) -> Problems:
        limit = schema[keyword]
        if not isinstance(value, kind) or not is_number(limit):
            return []
        if len(value) >= limit if least else len(value) <= limit:
            return []
        word = "minimum" if least else "maximum"
        return [
            place.problem(value, schema, keyword, f"does not meet {word} {what}length of {string_of(limit)}", limit)
        ]

    return rule


def _bound(keyword: str, *, least: bool, exclusive: bool) -> Rule:
    def rule(value: Json, schema: Schema, place: Place) -> Problems:
        limit = schema[keyword]
        if not is_number(value) or not is_number(limit):
            # Draft 4 has `exclusiveMinimum: true`, which speaks of `minimum`.
            return []
        strict = exclusive or schema.get(f"exclusive{keyword.capitalize()}") is True
        beyond = value > limit if least else value < limit
        if beyond or (value == limit and not strict):
            return []
        side = "greater" if least else "less"
        how = f"strictly {side} than" if exclusive else f"{side} than" if strict else f"{side} than or equal to"
        return [place.problem(value, schema, keyword, f"must be {how} {string_of(limit)}", limit)]

    return rule


def _multiple_of(value: Json, schema: Schema, place: Place) -> Problems:
    factor = schema["multipleOf"]
    if not is_number(value):
        return []
    if not is_number(factor) or factor == 0:
        raise InputError("multipleOf cannot be zero")
    if Decimal(str(value)) % Decimal(str(factor)) == 0:
        return []
    message = f"is not a multiple of (divisible by) {quoted(factor)}"
    return [place.problem(value, schema, "multipleOf", message, factor)]


def _pattern(value: Json, schema: Schema, place: Place) -> Problems:
    pattern = schema["pattern"]
    if not isinstance(value, str) or matches(string_of(pattern), value):
        return []
    return [place.problem(value, schema, "pattern", f"does not match pattern {quoted(string_of(pattern))}", pattern)]


def _format(value: Json, schema: Schema, place: Place) -> Problems:
    name = schema["format"]
    if value is MISSING or conforms(value, name):
        return []
    return [place.problem(value, schema, "format", f"does not conform to the {quoted(name)} format", name)]


KEYWORDS: Final[Mapping[str, Rule]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "patternProperties": _pattern_properties,
    "propertyNames": _property_names,
    "minProperties": _length("minProperties", Mapping, "property ", least=True),
    "maxProperties": _length("maxProperties", Mapping, "property ", least=False),
    "dependencies": _dependencies,
    "items": _items,
    "contains": _contains,
    "uniqueItems": _unique_items,
    "minItems": _length("minItems", list, "", least=True),
    "maxItems": _length("maxItems", list, "", least=False),
    "minLength": _length("minLength", str, "", least=True),
    "maxLength": _length("maxLength", str, "", least=False),
    "minimum": _bound("minimum", least=True, exclusive=False),
    "maximum": _bound("maximum", least=False, exclusive=False),
    "exclusiveMinimum": _bound("exclusiveMinimum", least=True, exclusive=True),
    "exclusiveMaximum": _bound("exclusiveMaximum", least=False, exclusive=True),
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "format": _format,
}
