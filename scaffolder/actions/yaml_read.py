"""YAML and JSON of workspaces, as JSON values, with limits: PyYAML's safe loader, YAML 1.2's core schema."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import yaml

from app.errors import InputError

MAX_TEXT: Final = 4 * 1024 * 1024
MAX_ALIASES: Final = 100

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Base):  # type: ignore[misc]
    """Core schema scalars, no dates, no merging of aliases without bound, string keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - PyYAML's own attribute

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > MAX_ALIASES:
                raise InputError(f"The YAML document uses more than {MAX_ALIASES} aliases")
        return super().compose_node(parent, index)


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
        return list(yaml.load_all(text, Loader=_CoreLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"The file is not valid YAML: {' '.join(str(error).split())[:300]}") from error


def json_value(text: str) -> Any:
    """Raises InputError: it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The file is not valid JSON: {error}") from error
