"""Which rendered texts of a step owe something to a secret. Source: spec/scaffolder.md §3.6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scaffolder.language import UNDEFINED


def owed_to_secrets(rendered: Any, without: Any) -> Iterator[str]:
    """Strings and keys of `rendered` that are otherwise when it is rendered without secrets."""
    if isinstance(rendered, str):
        if rendered != without:
            yield rendered
    elif isinstance(rendered, Mapping):
        other = without if isinstance(without, Mapping) else {}
        for key, value in rendered.items():
            if key not in other:
                yield key
            yield from owed_to_secrets(value, other.get(key, UNDEFINED))
    elif isinstance(rendered, (list, tuple)):
        others = without if isinstance(without, (list, tuple)) else ()
        for index, value in enumerate(rendered):
            yield from owed_to_secrets(value, others[index] if index < len(others) else UNDEFINED)
