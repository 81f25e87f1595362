"""The `where` of a policy's rule: what resources it is about, as conditions with the user still to be filled in.

Three forms, which may be nested in `all`, `any` and `not`:

- `{rule: HAS_TAG, params: {tag: internal}}`: a permission rule of the plugin that owns the resource;
- `{spec.system: payments, kind: [Component, API]}`: for catalog entities, what their fields hold; all must;
- `$user` stands for the user's own ref, `$owners` for all refs in whose name they own things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.interfaces import Principal

Conditions = dict[str, Any]
ENTITY = "catalog-entity"

_COMBINATIONS = {"all": "allOf", "any": "anyOf"}


def compile_where(where: Any, resource_type: str) -> Conditions:
    """The conditions, placeholders included. Raises ValueError, which names the place."""
    return _compiled(where, resource_type, "where")


def fill_in(conditions: Any, user: Principal) -> Any:
    """The conditions for this user. Conditions without placeholders come back as they are."""
    if conditions == "$user":
        return user.subject
    if conditions == "$owners":
        return list(user.ownership)
    if isinstance(conditions, dict):
        return {key: fill_in(value, user) for key, value in conditions.items()}
    if isinstance(conditions, list):
        filled: list[Any] = []
        for value in conditions:
            # In a list of refs the placeholder is several of its members, not a list among them.
            filled.extend(user.ownership if value == "$owners" else [fill_in(value, user)])
        return filled
    return conditions


def _compiled(where: Any, resource_type: str, place: str) -> Conditions:
    if not isinstance(where, dict) or not where:
        raise ValueError(f"{place} must be an object that is not empty")
    if "rule" in where:
        unknown = set(where) - {"rule", "params"}
        if unknown:
            raise ValueError(f"{place} has '{sorted(unknown)[0]}' beside its rule")
        return {"rule": where["rule"], "resourceType": resource_type, "params": where.get("params", {})}
    parts = [_part(key, value, resource_type, f"{place}.{key}") for key, value in where.items()]
    return parts[0] if len(parts) == 1 else {"allOf": parts}


def _part(key: str, value: Any, resource_type: str, place: str) -> Conditions:
    if key == "not":
        return {"not": _compiled(value, resource_type, place)}
    if key in _COMBINATIONS:
        if not isinstance(value, list) or not value:
            raise ValueError(f"{place} must be a list that is not empty")
        members = [_compiled(member, resource_type, f"{place}[{index}]") for index, member in enumerate(value)]
        return {_COMBINATIONS[key]: members}
    if resource_type != ENTITY:
        raise ValueError(f"{place}: only catalog entities can be told by their fields; name a rule of {resource_type}")
    return _field(key, value, place)


def _field(path: str, value: Any, place: str) -> Conditions:
    condition = _condition_on(path, place)
    if isinstance(value, dict):
        operator, operand = next(iter(value.items()), (None, None))
        if len(value) != 1 or operator not in ("$exists", "$in", "$not"):
            raise ValueError(f"{place} takes one of $exists, $in and $not")
        if operator == "$exists":
            if not isinstance(operand, bool):
                raise ValueError(f"{place}.$exists must be true or false")
            return condition(None) if operand else {"not": condition(None)}
        return {"not": _field(path, operand, place)} if operator == "$not" else _field(path, operand, place)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | int | float) for one in values):
        raise ValueError(f"{place} must be a value or a list of values")
    texts = [_text(one) for one in values]
    if path in ("kind", "relations.ownedBy"):
        return condition(texts)
    alternatives = [condition(text) for text in texts]
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def _condition_on(path: str, place: str) -> Callable[[Any], Conditions]:
    """The stock rule for a field; its argument is a value, or None to ask only whether there is one."""

    def rule(name: str, params: Mapping[str, Any]) -> Callable[[Any], Conditions]:
        return lambda value: {
            "rule": name,
            "resourceType": ENTITY,
            "params": dict(params) if value is None else {**params, "value": value},
        }

    for prefix, name, param in (
        ("metadata.annotations.", "HAS_ANNOTATION", "annotation"),
        ("metadata.labels.", "HAS_LABEL", "label"),
        ("metadata.", "HAS_METADATA", "key"),
        ("spec.", "HAS_SPEC", "key"),
    ):
        if path.startswith(prefix) and len(path) > len(prefix):
            return rule(name, {param: path[len(prefix) :]})
    for whole, name, param in (
        ("kind", "IS_ENTITY_KIND", "kinds"),
        ("relations.ownedBy", "IS_ENTITY_OWNER", "claims"),
    ):
        if path == whole:
            return _listed(name, param, place)
    raise ValueError(
        f"{place}: a policy can ask for kind, metadata.…, spec.… and relations.ownedBy, and for the rules of a plugin"
    )


def _listed(name: str, param: str, place: str) -> Callable[[Any], Conditions]:
    def condition(values: Any) -> Conditions:
        if values is None:
            raise ValueError(f"{place} cannot be asked whether it exists")
        return {"rule": name, "resourceType": ENTITY, "params": {param: values}}

    return condition


def _text(value: str | float | bool) -> str:
    """As the search index spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
