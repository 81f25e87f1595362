"""YAML and JSON of workspaces, as JSON values, with limits: PyYAML's safe loader, YAML 1.2's core schema."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import yaml

from app.errors import InputError

MAX_TEXT: Final = 4 * 1024 * 1024
MAX_NODES: Final = 1_000_000

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Base):  # type: ignore[misc]
    """Core schema scalars, no dates, string keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - PyYAML's own attribute


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
):
    _CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(f"^(?:{_pattern})$"),
        [*_first.replace("\0", ""), *([""] if "\0" in _first else [])],
    )


def _integer(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text.startswith(("0o", "0x")) else int(text)


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, (dict, list)):
            raise InputError("A YAML key has to be a scalar")
        text = key if isinstance(key, str) else json.dumps(key)
        if text in made:
            raise InputError(f"The YAML key {text!r} appears more than once")
        made[text] = loader.construct_object(value_node, deep=True)
    return made


_CoreLoader.add_constructor("tag:yaml.org,2002:int", _integer)
_CoreLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def yaml_documents(text: str) -> list[Any]:
    """Raises InputError: it is no YAML, too large, or full of aliases."""
    if len(text) > MAX_TEXT:
        raise InputError(f"YAML may have {MAX_TEXT} characters at most")
    try:
        _check_aliases(text)
        return list(yaml.load_all(text, Loader=_CoreLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"The file is not valid YAML: {' '.join(str(error).split())[:300]}") from error


def _check_aliases(text: str) -> None:
    """Raises InputError: a node holds itself, or the aliases stand for too many nodes when written out."""
    if "*" not in text or "&" not in text:
        return
    weights: dict[str, int] = {}
    # Anchor and nodes so far of each collection that is open.
    opened: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=_CoreLoader):
        anchor = getattr(event, "anchor", None)
        weight = 0
        if isinstance(event, yaml.AliasEvent):
            if anchor not in weights:
                raise InputError("A YAML alias names a node that holds it, or none")
            weight = weights[anchor]
        elif isinstance(event, yaml.ScalarEvent):
            weight = 1
            if anchor:
                weights[anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            weights.pop(anchor or "", None)
            opened.append((anchor, total))
            weight = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            closed, before = opened.pop()
            if closed:
                weights[closed] = total - before
        total += weight
        if total > MAX_NODES:
            raise InputError(f"The YAML document stands for more than {MAX_NODES} values, aliases written out")


def json_value(text: str) -> Any:
    """Raises InputError: it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The file is not valid JSON: {error}") from error
