"""The four filters a stock backend registers, as functions. Source: spec/scaffolder.md §4.4."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from scaffolder.language.errors import failure
from scaffolder.language.numbers import number_text
from scaffolder.language.repo_url import IntegrationType, RepoUrl, parse_repo_url
from scaffolder.language.values import UNDEFINED, is_index

_PROPERTY: Final = re.compile(
    r"""[^.\[\]]+|\[(?:(-?\d+(?:\.\d+)?)|(["'])((?:(?!\2)[^\\]|\\.)*?)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|$))"""
)


def filter_functions(integration_type: IntegrationType) -> dict[str, Callable[..., Any]]:
    """`parseRepoUrl`, `projectSlug`, `parseEntityRef` and `pick`, given how to tell a host's integration."""

    def parsed(url: Any) -> RepoUrl:
        return parse_repo_url(_interpolated(url), integration_type)

    def repo_url(url: Any) -> dict[str, str]:
        return {name: value for name, value in asdict(parsed(url)).items() if value is not None}

    def project_slug(url: Any) -> str:
        parts = parsed(url)
        owner, repo = ("undefined" if part is None else part for part in (parts.owner, parts.repo))
        return f"{owner}/{repo}"

    return {
        "parseRepoUrl": repo_url,
        "parseEntityRef": parse_entity_ref,
        "pick": pick,
        "projectSlug": project_slug,
    }


def parse_entity_ref(ref: Any, context: Any = UNDEFINED) -> dict[str, Any]:
    """Kind, namespace and name of a reference, completed by `defaultKind` and `defaultNamespace`."""
    if ref is UNDEFINED or not (ref or isinstance(ref, (list, dict))):
        raise failure("Entity reference must not be empty")
    defaults = context if isinstance(context, dict) else {}
    parts = _ref_parts(ref) if isinstance(ref, str) else ref if isinstance(ref, dict) else {}
    kind, namespace, name = (parts.get(part) for part in ("kind", "namespace", "name"))
    found = {
        "kind": defaults.get("defaultKind") if kind is None else kind,
        "namespace": (defaults.get("defaultNamespace") or "default") if namespace is None else namespace,
        "name": name,
    }
    for part, value in found.items():
        if not (value or isinstance(value, (list, dict))):
            textual = json.dumps(ref, ensure_ascii=False, separators=(",", ":"))
            hint = ' (e.g. did not start with "component:" or similar)' if part == "kind" else ""
            raise failure(f"Entity reference {textual} had missing or empty {part}{hint}")
    return found


def pick(value: Any, path: Any = UNDEFINED, default: Any = UNDEFINED) -> Any:
    """The property at a path like `a.b[0]["c d"]`; a key that holds the whole path goes first."""
    keys = _keys(value, path)
    found = value if keys else UNDEFINED
    for key in keys:
        found = _property(found, key)
    return default if found is UNDEFINED else found


def _keys(value: Any, path: Any) -> list[str]:
    if isinstance(path, list):
        return [_interpolated(key) for key in path]
    text = _interpolated(path)
    if isinstance(value, dict) and text in value:
        return [text]
    keys = [""] if text.startswith(".") else []
    for found in _PROPERTY.finditer(text):
        if found[2]:
            keys.append(re.sub(r"\\(\\)?", lambda match: match[1] or "", found[3]))
        else:
            keys.append(found[1] or found[0])
    return keys


def _property(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, UNDEFINED)
    if isinstance(value, (str, list)):
        if key == "length":
            return len(value)
        return value[int(key)] if is_index(key) and int(key) < len(value) else UNDEFINED
    return UNDEFINED


def _ref_parts(ref: str) -> dict[str, str | None]:
    colon, slash = ref.find(":"), ref.find("/")
    if -1 < slash < colon:
        colon = -1
    parts = {
        "kind": None if colon < 0 else ref[:colon],
        "namespace": None if slash < 0 else ref[colon + 1 : slash],
        "name": ref[max(colon, slash) + 1 :],
    }
    if "" in parts.values():
        raise failure(f'Entity reference "{ref}" was not on the form [<kind>:][<namespace>/]<name>')
    return parts


def _interpolated(value: Any) -> str:
    """What JavaScript's template literals make of a value."""
    if isinstance(value, str):
        return value
    if value is UNDEFINED or value is None:
        return "null" if value is None else "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(float(value))
    if isinstance(value, list):
        return ",".join("" if item is None else _interpolated(item) for item in value)
    raise failure("Cannot convert object to primitive value")
