"""A conditional decision as a predicate over entities. Source: spec/catalog.md §7.2, §7.5.

What a condition allows and what its predicate finds is the same, so that lists, counts and facets hold just what
the policy would allow one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.errors import InputError
from catalog.interfaces import Query

Params = Mapping[str, Any]


def _entry(path: str, params: Params) -> Query:
    value = params.get("value")
    return {path: {"$exists": True} if value is None else value}


RULE_QUERIES: Final[Mapping[str, Callable[[Params], Query]]] = {
    "HAS_ANNOTATION": lambda params: _entry(f"metadata.annotations.{params['annotation']}", params),
    "HAS_LABEL": lambda params: _entry(f"metadata.labels.{params['label']}", params),
    "HAS_METADATA": lambda params: _entry(f"metadata.{params['key']}", params),
    "HAS_SPEC": lambda params: _entry(f"spec.{params['key']}", params),
    "IS_ENTITY_KIND": lambda params: {"kind": {"$in": list(params["kinds"])}},
    "IS_ENTITY_OWNER": lambda params: {"relations.ownedBy": {"$in": list(params["claims"])}},
}


def query_of(conditions: Mapping[str, Any]) -> Query:
    """The predicate that matches what the conditions allow.

    Raises:
        InputError: an unknown rule, missing params, or an empty `allOf` or `anyOf`. A policy that answers so allows
            nothing, rather than everything.
    """
    if "allOf" in conditions:
        return {"$all": [query_of(part) for part in _parts(conditions["allOf"])]}
    if "anyOf" in conditions:
        return {"$any": [query_of(part) for part in _parts(conditions["anyOf"])]}
    if "not" in conditions:
        return {"$not": query_of(conditions["not"])}
    rule = RULE_QUERIES.get(str(conditions.get("rule")))
    if rule is None:
        raise InputError(f"Unknown permission rule {conditions.get('rule')!r} for catalog entities")
    try:
        return rule(conditions.get("params") or {})
    except (KeyError, TypeError) as error:
        raise InputError(f"Permission rule {conditions['rule']} lacks its parameters") from error


def _parts(parts: Any) -> list[Mapping[str, Any]]:
    if not isinstance(parts, list) or not parts:
        raise InputError("Permission conditions must combine at least one condition")
    return parts
