"""`APP_CONFIG_backend_listen_port=8080`: single values from the environment, over all files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from app.config.merging import merge
from app.config.nodes import ConfigError, Node, Place, wrap

PREFIX: Final = "APP_CONFIG_"
_PART: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z][a-z0-9]*)*\Z", re.IGNORECASE)


def from_environment(env: Mapping[str, str]) -> Node:
    """The tree of all `APP_CONFIG_` variables. A value is JSON if it reads as such, else a text."""
    tree = Node({}, Place("environment", 0))
    for name in sorted(env):
        if not name.startswith(PREFIX):
            continue
        place = Place(f"environment variable {name}", 0)
        parts = name.removeprefix(PREFIX).split("_")
        if not all(_PART.match(part) for part in parts):
            raise ConfigError(f"{place}: is not the name of a configuration key")
        try:
            value = json.loads(env[name])
        except ValueError:
            value = env[name]
        if value is None:
            raise ConfigError(f"{place}: null is not a value")
        node = wrap(value, place)
        for part in reversed(parts):
            node = Node({part: node}, place)
        tree = merge(tree, node)
    return tree
