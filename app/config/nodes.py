"""Configuration values that remember where they were written.

YAML is read as Backstage reads it: YAML 1.2 core scalars (`yes` and `2024-01-01` are texts, `0o17` is 15), merge keys
(`<<`) honoured, null counting as absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

Json = Any

_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS: Final = {"", "~", "null", "Null", "NULL"}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL: Final = re.compile(r"0o[0-7]+\Z")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")


class ConfigError(Exception):
    """The configuration cannot be used. The text names key, file and line, and no value."""


@dataclass(frozen=True, slots=True)
class Place:
    """`file` as it was named on the command line or in an include; `line` counts from 1, 0 where there is none."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Node:
    """A value: a scalar, a dict of nodes or a list of nodes. None stands for an absent value."""

    value: Any
    place: Place

    def plain(self) -> Json:
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items() if node.value is not None}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value if node.value is not None]
        return self.value


def wrap(value: Json, place: Place) -> Node:
    """A plain value as nodes that all come from one place."""
    if isinstance(value, dict):
        return Node({str(key): wrap(below, place) for key, below in value.items()}, place)
    if isinstance(value, list):
        return Node([wrap(below, place) for below in value], place)
    return Node(value, place)


def parse_yaml(text: str, file: str) -> Node:
    """The one document of a YAML or JSON file. Raises ConfigError."""
    loader = yaml.CSafeLoader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{Place(file, line)}: {error.problem or 'is not valid YAML'}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: is not valid YAML: {error}") from None
    finally:
        loader.dispose()
    return Node(None, Place(file, 0)) if root is None else _Reader(file).node(root, depth=0)


class _Reader:
    MAX_DEPTH: Final = 100
    MAX_NODES: Final = 1_000_000  # Aliases make copies: a bound on what a small file may grow to.

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0

    def node(self, node: yaml.Node, *, depth: int) -> Node:
        place = Place(self._file, node.start_mark.line + 1)
        self._count += 1
        if depth > self.MAX_DEPTH or self._count > self.MAX_NODES:
            raise ConfigError(f"{place}: too large or too deeply nested")
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, depth), place)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.node(below, depth=depth + 1) for below in node.value], place)
        # Quoted and block scalars are texts.
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        return Node(scalar(node.value) if plain else node.value, place)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                raise ConfigError(f"{Place(self._file, key.start_mark.line + 1)}: a key must be a text")
            below = self.node(value, depth=depth + 1)
            if name == "<<" and not key.style:
                for source in below.value if isinstance(below.value, list) else [below]:
                    if not isinstance(source.value, dict):
                        raise ConfigError(f"{below.place}: only mappings can be merged with '<<'")
                    merged = {**source.value, **merged}
            elif name in members:
                raise ConfigError(f"{Place(self._file, key.start_mark.line + 1)}: the key '{name}' appears twice")
            else:
                members[name] = below
        return {**merged, **members}


def scalar(text: str) -> Json:
    """An unquoted scalar by YAML 1.2's core schema."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEX.match(text):
        return int(text[2:], 16)
    return float(text) if _FLOAT.match(text) else text
