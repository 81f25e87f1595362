"""YAML with tags that mean something to mkdocs and nothing to us: read, kept as they are, and written again.

mkdocs reads its configuration with a loader that makes any Python object (`!!python/object/apply:os.system`); only
names known to be harmless get that far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from app.errors import InputError

MAX_BYTES: Final = 256 * 1024
_PYTHON: Final = "tag:yaml.org,2002:python/"
_NAMES: Final = frozenset(
    {
        "material.extensions.emoji.to_svg",
        "material.extensions.emoji.twemoji",
        "materialx.emoji.to_svg",
        "materialx.emoji.twemoji",
        "pymdownx.emoji.to_alt",
        "pymdownx.emoji.to_png",
        "pymdownx.emoji.to_svg",
        "pymdownx.emoji.twemoji",
        "pymdownx.slugs.slugify",
        "pymdownx.superfences.fence_code_format",
        "pymdownx.superfences.fence_div_format",
    }
)
ALLOWED_TAGS: Final = frozenset(
    {
        *(f"{_PYTHON}name:{name}" for name in _NAMES),
        f"{_PYTHON}object/apply:pymdownx.slugs.slugify",
        f"{_PYTHON}object.apply:materialx.emoji.to_svg",
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Tagged:
    """A value with a tag of its own."""

    node: yaml.Node


class _Loader(yaml.SafeLoader):
    pass


class _Dumper(yaml.SafeDumper):
    pass


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Tagged:
    # Nodes below may have tags as well.
    _check_tags(node, 0)
    return Tagged(node)


def _check_tags(node: yaml.Node, depth: int) -> None:
    if depth > 50:
        raise InputError("mkdocs.yml is nested too deeply")
    if node.tag.startswith(_PYTHON) and node.tag not in ALLOWED_TAGS:
        raise InputError(f"Unsupported Python YAML tag '{node.tag[:200]}'")
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _check_tags(one, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _check_tags(key, depth + 1)
            _check_tags(value, depth + 1)


def _represent(dumper: yaml.SafeDumper, value: Tagged) -> yaml.Node:
    return value.node


_Loader.add_multi_constructor("", _tagged)
_Dumper.add_representer(Tagged, _represent)


def read(text: bytes) -> Any:
    """The document's value. Raises InputError: too large, not YAML, or with tags that run code."""
    if len(text) > MAX_BYTES:
        raise InputError(f"mkdocs.yml is larger than {MAX_BYTES} bytes")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"mkdocs.yml cannot be read: {error}") from error


def write(value: Any) -> str:
    """Readable by mkdocs. In ASCII: unescaped, some line breaks of Unicode would not come back."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False)
