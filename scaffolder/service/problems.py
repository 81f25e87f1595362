"""What is wrong with a value, and where in it. Source: spec/scaffolder.md §0.4."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scaffolder.service.javascript import MISSING, step_of

Json = Any
Path = tuple[str | int, ...]
Check = Callable[[Json, Json, "Place"], "list[ValidationProblem]"]
_NO_ARGUMENT: Final = MISSING


@dataclass(frozen=True, slots=True)
class ValidationProblem:
    """One thing that is wrong: `property` and `path` say where, `schema` and `name` which rule."""

    path: Path
    property: str
    message: str
    schema: Json
    instance: Json
    name: str
    argument: Json = _NO_ARGUMENT

    @builtins.property
    def stack(self) -> str:
        """`instance.a requires property "b"`: what is joined with `", "` into error messages."""
        return f"{self.property} {self.message}"

    def document(self) -> dict[str, Json]:
        """The wire shape. What JavaScript has not (an argument, an undefined value) is absent."""
        shown = {"path": list(self.path), "property": self.property, "message": self.message, "schema": self.schema}
        if self.instance is not MISSING:
            shown["instance"] = self.instance
        shown["name"] = self.name
        if self.argument is not _NO_ARGUMENT:
            shown["argument"] = self.argument
        shown["stack"] = self.stack
        return shown


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the value a schema is being applied."""

    root: str
    apply: Check
    path: Path = ()
    depth: int = 0

    @property
    def property(self) -> str:
        return self.root + "".join(step_of(part) for part in self.path)

    def problem(
        self, value: Json, schema: Mapping[str, Json], name: str, message: str, argument: Json = _NO_ARGUMENT
    ) -> ValidationProblem:
        identity = schema.get("$id") or schema.get("id")
        return ValidationProblem(self.path, self.property, message, identity or schema, value, name, argument)

    def check(self, value: Json, schema: Json, *steps: str | int) -> list[ValidationProblem]:
        """Holds a value against a schema: this one, or what lies one step below."""
        return self.apply(value, schema, self.deeper(*steps))

    def deeper(self, *steps: str | int) -> Place:
        return Place(self.root, self.apply, (*self.path, *steps), self.depth + 1)

    def holds(self, value: Json, schema: Json) -> bool:
        return not self.check(value, schema)
