"""The values and secrets a task is given, held against its template. Source: spec/scaffolder.md §1.3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import CallboardError
from scaffolder.service.templates import Entity, pages_of
from scaffolder.service.validation import ValidationProblem, validate

Json = Any


class InvalidValuesError(CallboardError):
    """`problems` are answered as they are, without the usual envelope."""

    name = "InputError"

    def __init__(self, problems: Sequence[Mapping[str, Json]]) -> None:
        super().__init__(", ".join(str(problem["stack"]) for problem in problems))
        self.problems = problems


def check_values(template: Entity, values: Mapping[str, Json]) -> None:
    """Each page is held against all values. Raises InvalidValuesError with what the first failing page finds."""
    for page in pages_of(template):
        if problems := validate(page, values):
            raise InvalidValuesError([problem.document() for problem in problems])


def check_secrets(template: Entity, secrets: Mapping[str, str]) -> None:
    """Raises InvalidValuesError, which shows no secret: what was given is `{}` in it."""
    wanted = template["spec"].get("secrets")
    schema = wanted.get("schema") if isinstance(wanted, Mapping) else None
    if schema is None:
        return
    if problems := validate(schema, dict(secrets)):
        raise InvalidValuesError([_hidden(problem) for problem in problems])


def _hidden(problem: ValidationProblem) -> dict[str, Json]:
    where = "secrets" + problem.property.removeprefix("instance")
    if problem.name == "required" and isinstance(problem.argument, str):
        message = f"{where}.{problem.argument} is required"
    else:
        message = f"{where} {problem.message}"
    shown = {**problem.document(), "property": where, "message": message, "instance": {}}
    if problem.name == "allOf":
        # The library's record of the attempt quotes the values.
        del shown["argument"]
    return shown
