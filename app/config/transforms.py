"""`${VAR}`, `$env`, `$file` and `$include`, as Backstage replaces them. Source: FIELD.md §4, rows Env and Includes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.config.nodes import ConfigError, Node, Place, parse_yaml

_PART: Final = re.compile(r"(\$?\$\{[^{}]*\})")
_MAX_INCLUDES: Final = 50


def substitute(text: str, env: Mapping[str, str]) -> str | None:
    """`${VAR}` and `${VAR:-default}` replaced, `$${…}` unescaped. None when a variable is not set: the whole value is
    then absent."""
    if "${" not in text:
        return text
    parts = _PART.split(text)
    for index in range(1, len(parts), 2):
        part = parts[index]
        if part.startswith("$$"):
            parts[index] = part[1:]
            continue
        name, separator, default = part[2:-1].partition(":-")
        value = env.get(name.strip())
        if separator:
            # An empty variable and an empty default count as none, as in the shell.
            value = (value.strip() if value else "") or default.strip() or None
        elif value is not None:
            value = value.strip()
        if value is None:
            return None
        parts[index] = value
    return "".join(parts)


class Transforms:
    """Replaces inclusions and variables in a tree."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def apply(self, node: Node, folder: Path, depth: int = 0) -> Node:
        """Raises ConfigError naming file and line. `folder` is what relative includes are relative to."""
        if isinstance(node.value, str):
            return Node(substitute(node.value, self._env), node.place)
        if isinstance(node.value, list):
            return Node([self.apply(below, folder, depth) for below in node.value], node.place)
        if not isinstance(node.value, dict):
            return node
        keyword = next((key for key in node.value if key.startswith("$")), None)
        if keyword is None:
            return Node({key: self.apply(below, folder, depth) for key, below in node.value.items()}, node.place)
        if len(node.value) != 1:
            raise ConfigError(f"{node.place}: '{keyword}' must be the only key of its object")
        if depth >= _MAX_INCLUDES:
            raise ConfigError(f"{node.place}: includes are nested too deeply")
        return self._included(keyword, node.value[keyword], folder, depth)

    def _included(self, keyword: str, given: Node, folder: Path, depth: int) -> Node:
        argument = substitute(given.value, self._env) if isinstance(given.value, str) else None
        if not isinstance(given.value, str):
            raise ConfigError(f"{given.place}: '{keyword}' takes a text")
        if argument is None:
            return Node(None, given.place)
        match keyword:
            case "$env":
                value = self._env.get(argument)
                return Node(None if value is None else value.strip(), given.place)
            case "$file":
                return Node(_read(folder / argument, given.place).rstrip(), given.place)
            case "$include":
                return self._include(argument, given.place, folder, depth)
            case _:
                raise ConfigError(f"{given.place}: unknown include '{keyword}'")

    def _include(self, argument: str, place: Place, folder: Path, depth: int) -> Node:
        name, _, path = argument.partition("#")
        file = folder / name
        if file.suffix not in {".yaml", ".yml", ".json"}:
            raise ConfigError(f"{place}: '$include' takes a .yaml, .yml or .json file")
        node = parse_yaml(_read(file, place), str(file))
        for part in path.split(".") if path else ():
            below = node.value.get(part) if isinstance(node.value, dict) else None
            if below is None:
                raise ConfigError(f"{place}: there is no '{path}' in {file}")
            node = below
        return self.apply(node, file.parent, depth + 1)


def _read(file: Path, place: Place) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{place}: cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: {file} is not UTF-8 text") from None
