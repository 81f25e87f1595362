"""What is wrong with an action's input, output or secrets, in the words of the reference's checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from app.errors import CallboardError, InputError
from app.schema import Schema, SchemaProblem

Json = dict[str, Any]


class ZodError(CallboardError):
    """All that is wrong with a value; `extra["issues"]` has the pieces."""

    name: ClassVar[str] = "ZodError"


def demand(schema: Schema, given: Any, message: str) -> None:
    """Raises InputError, with a ZodError as its cause, when the value does not fit."""
    problems = schema.errors(given)
    if not problems:
        return
    document = schema.document if isinstance(schema.document, Mapping) else {}
    issues = [_issue(problem, document) for problem in problems]
    words = ", ".join(f"{'.'.join(map(str, issue['path'])) or 'input'}: {issue['message']}" for issue in issues)
    error = InputError(f"{message}: {words}")
    error.cause = ZodError(json.dumps(issues, indent=2, ensure_ascii=False), extra={"issues": issues})
    raise error


def _issue(problem: SchemaProblem, document: Mapping[str, Any]) -> Json:
    """A problem as zod reports it; by its own keyword where zod has no word for it."""
    path: list[str | int] = [
        int(part) if part.isdecimal() else part.replace("~1", "/").replace("~0", "~")
        for part in problem.path.split("/")[1:]
    ]
    if problem.keyword == "required":
        path.append(problem.params["missingProperty"])
        return {
            "code": "invalid_type",
            "expected": _type_at(document, path),
            "received": "undefined",
            "path": path,
            "message": "Required",
        }
    if problem.keyword == "type":
        return {"code": "invalid_type", "expected": problem.params["type"], "path": path, "message": problem.message}
    return {"code": problem.keyword, "path": path, "message": problem.message}


def _type_at(document: Mapping[str, Any], path: list[str | int]) -> str:
    """The type that the schema wants there, `string` where it does not say so plainly."""
    at: Any = document
    for step in path:
        at = at.get("items" if isinstance(step, int) else "properties", {}) if isinstance(at, Mapping) else {}
        at = at if isinstance(step, int) else at.get(step, {}) if isinstance(at, Mapping) else {}
    wanted = at.get("type") if isinstance(at, Mapping) else None
    return wanted if isinstance(wanted, str) else "string"
