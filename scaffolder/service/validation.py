"""Values held against a JSON Schema with npm `jsonschema`'s meaning, order and words. Source: spec/scaffolder.md §0.4.

`validate(schema, value)` gives one `ValidationProblem` for each thing that is wrong, none for a valid value. Keywords
are looked at in the order in which the schema has them, as the reference does; those that are not known are passed
over. What the reference calls a schema error (an `enum` that is no list, a reference to nothing, a pattern that is
none) is an InputError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import InputError
from scaffolder.service.javascript import MISSING, string_of
from scaffolder.service.keywords import KEYWORDS
from scaffolder.service.problems import Place, ValidationProblem

__all__ = ["ValidationProblem", "stacks", "validate"]

Json = Any
MAX_DEPTH: Final = 200
"""Schemas within schemas, references that lead in circles included."""
ANYTHING: Final[Mapping[str, Json]] = {}
NOTHING: Final[Mapping[str, Json]] = {"type": []}


class Validation:
    """One value against one schema, whose `$ref`s lead into the schema itself."""

    def __init__(self, schema: Json) -> None:
        self.root = schema

    def check(self, value: Json, schema: Json, place: Place) -> list[ValidationProblem]:
        if place.depth > MAX_DEPTH:
            raise InputError("The JSON schema nests too deeply, or refers to itself")
        if isinstance(schema, bool):
            schema = ANYTHING if schema else NOTHING
        if not isinstance(schema, Mapping):
            raise InputError(f"Expected a JSON schema at {place.property}, found {string_of(schema)}")
        if isinstance(schema.get("$ref"), str):
            resolved = self._resolve(schema["$ref"])
            return self.check(value, resolved, place.deeper())
        found: list[ValidationProblem] = []
        for keyword in schema:
            rule = KEYWORDS.get(keyword)
            if rule is not None:
                found += rule(value, schema, place)
        return found

    def _resolve(self, reference: str) -> Json:
        document, _, fragment = reference.partition("#")
        target = self.root if not document else _identified(self.root, document, 0)
        if fragment and not fragment.startswith("/"):
            target = _identified(self.root, f"#{fragment}", 0)
        else:
            for part in fragment.split("/")[1:]:
                target = _member(target, part.replace("~1", "/").replace("~0", "~"))
        if target is MISSING:
            raise InputError(f"The JSON schema refers to {reference}, which is not in it")
        return target


def _member(holder: Json, name: str) -> Json:
    if isinstance(holder, Mapping):
        return holder.get(name, MISSING)
    if isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
        return holder[int(name)]
    return MISSING


def _identified(holder: Json, identity: str, depth: int) -> Json:
    """The schema within `holder` that has this `$id`."""
    if depth > MAX_DEPTH:
        return MISSING
    if isinstance(holder, Mapping) and identity in (holder.get("$id"), holder.get("id")):
        return holder
    parts = holder.values() if isinstance(holder, Mapping) else holder if isinstance(holder, list) else ()
    for part in parts:
        found = _identified(part, identity, depth + 1)
        if found is not MISSING:
            return found
    return MISSING


def validate(schema: Json, instance: Json, root: str = "instance") -> list[ValidationProblem]:
    """All that is wrong with a value. `root` is what its properties' names start with.

    Raises InputError for a schema that cannot be applied, and for a pattern that takes too long.
    """
    check = Validation(schema).check
    return check(instance, schema, Place(root, check))


def stacks(schema: Json, instance: Json) -> Sequence[str]:
    """The problems as texts: `instance requires property "a"`."""
    return [problem.stack for problem in validate(schema, instance)]
