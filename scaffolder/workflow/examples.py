"""What a step that a dry run skips is taken to put out. Source: spec/scaffolder.md §1.9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def example_of(schema: Any) -> Any:
    """An example of what the schema allows."""
    if not isinstance(schema, Mapping):
        return "<unknown>"
    examples = schema.get("examples")
    if isinstance(examples, (list, tuple)) and examples:
        return examples[0]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties")
        found = properties.items() if isinstance(properties, Mapping) else ()
        return {key: example_of(one) for key, one in found}
    if kind == "array":
        items = schema.get("items")
        if isinstance(items, (list, tuple)):
            items = items[0] if items else None
        return [example_of(items)] if items else []
    return (
        {"string": "<example>", "number": 0, "boolean": False}.get(kind, "<unknown>")
        if isinstance(kind, str)
        else ("<unknown>")
    )
