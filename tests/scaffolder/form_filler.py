"""Fills a template's form in as a person would who wants to be done: defaults, first choices, plausible words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scaffolder.service.validation import validate

Json = Any
WORDS = (
    "tern",
    "avocet",
    "a1",
    "1",
    "12345678",
    "tern-1",
    "T",
    "TERN",
    "tern.example",
    "https://tern.example/avocet",
    "CP1",
)
PICKED = {
    "RepoUrlPicker": "github.com?owner=terns&repo=avocet",
    "OwnerPicker": "group:default/terns",
    "EntityPicker": "component:default/avocet",
    "OwnedEntityPicker": "component:default/avocet",
    "MyGroupsPicker": "group:default/terns",
    "EntityNamePicker": "avocet",
    "EntityTagsPicker": ["tern"],
    "RepoBranchPicker": "main",
    "RepoOwnerPicker": "terns",
}


def filled_in(pages: list[Mapping[str, Json]]) -> dict[str, Json]:
    """Values for all properties that are shown; what a choice brings in is filled in as well."""
    values: dict[str, Json] = {}
    for page in pages:
        _fill(page, values)
    return values


def _fill(schema: Mapping[str, Json], values: dict[str, Json]) -> None:
    for name, one in (schema.get("properties") or {}).items():
        if isinstance(one, Mapping) and name not in values:
            values[name] = _value(one)
    for branch in _branches(schema, values):
        _fill(branch, values)


def _branches(schema: Mapping[str, Json], values: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """The parts of a schema that hold for these values."""
    yield from (one for one in schema.get("allOf") or () if isinstance(one, Mapping))
    for name, dependent in (schema.get("dependencies") or {}).items():
        if name in values and isinstance(dependent, Mapping):
            yield dependent
    if "if" in schema:
        taken = schema.get("else" if validate(schema["if"], values) else "then")
        if isinstance(taken, Mapping):
            yield taken
    for keyword in ("oneOf", "anyOf"):
        for branch in schema.get(keyword) or ():
            if isinstance(branch, Mapping) and _is_open(branch, values):
                yield branch
                break


def _is_open(branch: Mapping[str, Json], values: Mapping[str, Json]) -> bool:
    """Whether what a branch says of values that are there already is so."""
    known = {name: one for name, one in (branch.get("properties") or {}).items() if name in values}
    return not validate({"properties": known}, values)


def _value(schema: Mapping[str, Json]) -> Json:
    if "default" in schema:
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    for choices in (schema.get("enum"), schema.get("examples")):
        enabled = [one for one in choices or () if one not in (schema.get("ui:enumDisabled") or ())]
        if enabled:
            return enabled[0]
    picked = PICKED.get(str(schema.get("ui:field")))
    if picked is not None:
        return [picked] if schema.get("type") == "array" and isinstance(picked, str) else picked
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind in ("number", "integer"):
        return max(schema.get("minimum", 1), 1)
    if kind in ("boolean", "null"):
        return True if kind == "boolean" else None
    if kind == "array":
        items = schema.get("items")
        return [_value(items)] * max(1, schema.get("minItems", 1)) if isinstance(items, Mapping) else []
    if kind == "object" or "properties" in schema:
        inner: dict[str, Json] = {}
        _fill(schema, inner)
        return inner
    return _word(schema)


def _word(schema: Mapping[str, Json]) -> str:
    for word in WORDS:
        if not validate({**schema, "type": "string"}, word):
            return word
    length = schema.get("minLength", 1)
    return re.sub("[^a-z]", "", "tern" * length)[:length]
