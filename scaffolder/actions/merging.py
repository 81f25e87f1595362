"""Deep merges of JSON values. Pure. Source: spec/scaffolder.md §5.7."""

from __future__ import annotations

import json
from typing import Any


def merged(old: Any, new: Any, *, merge_arrays: bool) -> Any:
    """Objects key by key; lists replaced, or joined without duplicates; all else replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        both = dict(old)
        for key, value in new.items():
            both[key] = merged(old[key], value, merge_arrays=merge_arrays) if key in old else value
        return both
    if merge_arrays and isinstance(old, list) and isinstance(new, list):
        seen: set[str] = set()
        joined = []
        for value in [*old, *new]:
            text = json.dumps(value, sort_keys=True)
            if text not in seen:
                seen.add(text)
                joined.append(value)
        return joined
    return new
