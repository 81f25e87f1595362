"""What there is to write templates with: actions, filters and globals. Source: spec/scaffolder.md §1.2, §1.11."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from scaffolder.interfaces import Action, TemplateFilter, TemplateGlobal

Json = Any
_PUNCTUATION: Final = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
"""In the order in which people's languages sort it; all of it goes before digits and letters."""


def _place(action_id: str) -> tuple[list[tuple[int, int | str]], str]:
    """Where an id goes in a list sorted for people."""
    letters: list[tuple[int, int | str]] = []
    for sign in action_id.lower():
        at = _PUNCTUATION.find(sign)
        letters.append((0, at) if at >= 0 else (1, sign))
    return letters, action_id.swapcase()


def action_documents(actions: Iterable[Action]) -> list[dict[str, Json]]:
    """All actions, sorted by id."""
    return [_action(action) for action in sorted(actions, key=lambda one: _place(one.id))]


def _action(action: Action) -> dict[str, Json]:
    shown: dict[str, Json] = {"id": action.id}
    if action.description:
        shown["description"] = action.description
    if action.examples:
        shown["examples"] = [
            _present(description=one.description, example=one.example, notes=one.notes) for one in action.examples
        ]
    schema = _present(input=action.input_schema, output=action.output_schema)
    if schema:
        shown["schema"] = schema
    return shown


def extension_documents(filters: Iterable[TemplateFilter], added: Iterable[TemplateGlobal]) -> dict[str, Json]:
    """What templates may call beyond the language itself."""
    functions: dict[str, Json] = {}
    values: dict[str, Json] = {}
    for one in added:
        if one.call is not None:
            functions[one.id] = _described(one)
        else:
            values[one.id] = {**_present(description=one.description), "value": one.value}
    return {
        "filters": {one.id: _described(one) for one in filters},
        "globals": {"functions": functions, "values": values},
    }


def _described(one: TemplateFilter | TemplateGlobal) -> dict[str, Json]:
    return _present(description=one.description, schema=one.schema, examples=list(one.examples) or None)


def _present(**members: Json) -> dict[str, Json]:
    return {key: value for key, value in members.items() if value is not None}
