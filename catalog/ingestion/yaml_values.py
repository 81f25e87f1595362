"""From nodes to JSON values, as npm `yaml` makes them. Source: spec/catalog.md §4.7.

Sets and ordered maps become `{}`, binaries a Buffer object, keys texts; `<<` is a key like others, but for documents
that ask for YAML 1.1. `__proto__` is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from catalog.ingestion.yaml_keys import key_text
from catalog.ingestion.yaml_scalars import legacy_plain_value, number_key, plain_value, tagged_value
from catalog.ingestion.yaml_syntax import (
    MAX_ALIASES,
    MAX_EXPANDED,
    Alias,
    AliasError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Source,
    YamlError,
)
from catalog.json_numbers import js_number_text

CORE = "tag:yaml.org,2002:"
DEFAULT_TAGS: AbstractMapping[str, str] = {"!!": CORE}
DROPPED_KEY = "__proto__"

_SHORTHAND = re.compile(r"(.*!)([^!]*)", re.DOTALL)


@dataclass(slots=True)
class _Anchored:
    """How often an anchored value has been used, and how many aliases one use of it stands for."""

    value: Any = None
    done: bool = False
    count: int = 1
    inside: int = 0
    weight: int = 0
    """Values in it, those behind aliases included; 0 while nobody has asked."""


@dataclass(slots=True)
class Values:
    """Makes the value of one document. `tags` maps handles to prefixes, `legacy` is for YAML 1.1."""

    source: Source
    tags: AbstractMapping[str, str] = field(default_factory=lambda: DEFAULT_TAGS)
    legacy: bool = False
    _anchors: dict[str, Node] = field(default_factory=dict)
    _anchored: dict[int, _Anchored] = field(default_factory=dict)
    _targets: dict[int, Node] = field(default_factory=dict)
    _expanded: int = 0

    def value(self, node: Node) -> Any:
        """Raises YamlError for a tag, key or alias that is not right."""
        if isinstance(node, Alias):
            return self._alias(node)
        if node.anchor is None:
            return self._content(node)
        self._anchors[node.anchor] = node
        anchored = self._anchored[id(node)] = _Anchored()
        anchored.value = self._content(node)
        anchored.done = True
        return anchored.value

    def _content(self, node: Scalar | Sequence | Mapping) -> Any:
        if isinstance(node, Scalar):
            return self._scalar(node)
        tag = self._tag(node)
        if isinstance(node, Mapping):
            value = self._mapping(node)
            if tag == CORE + "set":
                if not all(inner is None or self._is_null(inner) for _, inner in node.pairs):
                    raise self._error("Set items must all have null values", node)
                return {}
            return value
        if tag == CORE + "omap":
            return self._ordered_map(node)
        if tag == CORE + "pairs":
            return [self._pair(item) for item in node.items]
        return [self.value(item) for item in node.items]

    def _scalar(self, node: Scalar) -> Any:
        tag = self._tag(node)
        if tag is None:
            if not node.plain:
                return node.text
            return legacy_plain_value(node.text) if self.legacy else plain_value(node.text)
        if tag in ("!", CORE + "str"):
            return node.text
        try:
            return tagged_value(tag, node.text, legacy=self.legacy)
        except (ValueError, OverflowError) as error:
            raise self._error(str(error), node) from None

    def _mapping(self, node: Mapping) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        seen: set[tuple[str, Any]] = set()
        for key, inner in node.pairs:
            if self.legacy and isinstance(key, Scalar) and key.plain and key.tag is None and key.text == "<<":
                self._merge(mapping, inner, node)
                continue
            text, identity = self._key(key)
            if identity is not None:
                if identity in seen:
                    raise self._error("Map keys must be unique", key)
                seen.add(identity)
            value = None if inner is None else self.value(inner)
            if text != DROPPED_KEY:
                mapping[text] = value
        return mapping

    def _key(self, node: Node) -> tuple[str, tuple[str, Any] | None]:
        """A key as text, and what two keys of a mapping must not share; None where keys are never alike."""
        value = self.value(node)
        if isinstance(value, (dict, list)):
            return key_text(node), None
        identity: tuple[str, Any] | None
        if isinstance(value, str):
            text, identity = value, ("text", value)
        elif isinstance(value, bool):
            text, identity = "true" if value else "false", ("bool", value)
        elif value is not None:
            text, identity = js_number_text(value), ("number", value)
        else:
            special = number_key(node.text) if isinstance(node, Scalar) and (node.plain or node.tag) else None
            text, identity = special or "", ("special", special)
            if special == "NaN":
                identity = None
        return text, None if isinstance(node, Alias) else identity

    def _merge(self, mapping: dict[str, Any], inner: Node | None, node: Mapping) -> None:
        target = self._anchors.get(inner.anchor) if isinstance(inner, Alias) else inner
        sources = target.items if isinstance(target, Sequence) else [target]
        if inner is not None:
            self.value(inner)
        for source in sources:
            found = self._anchors.get(source.anchor) if isinstance(source, Alias) else source
            if not isinstance(found, Mapping):
                raise self._error("Merge sources must be maps or map aliases", node)
            for key, value in self._mapping(found).items():
                mapping.setdefault(key, value)

    def _ordered_map(self, node: Sequence) -> dict[str, Any]:
        seen: set[tuple[str, Any]] = set()
        for item in node.items:
            self._check_single(item)
            key = item.pairs[0][0] if isinstance(item, Mapping) and item.pairs else item
            self.value(item)
            identity = self._key(key)[1] if isinstance(key, Scalar) else None
            if identity is not None:
                if identity in seen:
                    raise self._error("Ordered maps must not include duplicate keys", key)
                seen.add(identity)
        return {}

    def _pair(self, item: Node) -> dict[str, Any]:
        self._check_single(item)
        if isinstance(item, Mapping):
            value: dict[str, Any] = self.value(item)
            return value if item.pairs else {"": None}
        return {self._key(item)[0]: None}

    def _check_single(self, item: Node) -> None:
        if isinstance(item, Mapping) and len(item.pairs) > 1:
            raise self._error("Each pair must have its own sequence indicator", item)

    def _is_null(self, node: Node) -> bool:
        return isinstance(node, Scalar) and node.tag is None and node.plain and plain_value(node.text) is None

    # -------------------------------------------------------------------------------------------------- aliases

    def _alias(self, node: Alias) -> Any:
        target = self._anchors.get(node.anchor)
        if target is None:
            raise AliasError(
                f"Unresolved alias (the anchor must be set before the alias): {node.anchor}",
                self.source,
                node.position,
                width=len(node.anchor) + 1,
            )
        self._targets[id(node)] = target
        anchored = self._anchored[id(target)]
        if not anchored.done:
            raise AliasError("An alias must not stand inside its own anchor", self.source, node.position)
        anchored.count += 1
        if anchored.weight == 0:
            anchored.weight = _weight(anchored.value)
            anchored.inside = self._aliases_in(target)
        self._expanded += anchored.weight
        if anchored.count * anchored.inside > MAX_ALIASES or self._expanded > MAX_EXPANDED:
            raise AliasError("Excessive alias count indicates a resource exhaustion attack", self.source, node.position)
        return anchored.value

    def _aliases_in(self, node: Node | None) -> int:
        if isinstance(node, Alias):
            target = self._targets.get(id(node))
            anchored = self._anchored.get(id(target)) if target is not None else None
            return anchored.count * anchored.inside if anchored else 0
        if isinstance(node, Sequence):
            return max(map(self._aliases_in, node.items), default=0)
        if isinstance(node, Mapping):
            return max((max(self._aliases_in(key), self._aliases_in(value)) for key, value in node.pairs), default=0)
        return 1

    # ----------------------------------------------------------------------------------------------------- tags

    def _tag(self, node: Scalar | Sequence | Mapping) -> str | None:
        """The resolved tag: a URI, a local `!tag`, `!`, or None."""
        tag = node.tag
        if tag is None or tag == "!":
            return tag
        if tag.startswith("!<"):
            if tag in ("!<!>", "!<!!>"):
                raise self._error(f"Verbatim tags aren't resolved, so {tag} is invalid.", node)
            if not tag.endswith(">"):
                raise self._error("Verbatim tags must end with a >", node)
            return tag[2:-1]
        match = _SHORTHAND.fullmatch(tag)
        handle, suffix = (match[1], match[2]) if match else ("", "")
        if not suffix:
            raise self._error(f"The {tag} tag has no suffix", node)
        prefix = self.tags.get(handle)
        if prefix is not None:
            try:
                return prefix + unquote_to_bytes(suffix).decode()
            except UnicodeDecodeError:
                raise self._error("URIError: URI malformed", node) from None
        if handle == "!":
            return tag
        raise self._error(f"Could not resolve tag: {tag}", node)

    def _error(self, message: str, node: Node) -> YamlError:
        return YamlError(message, self.source, node.position)


def _weight(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_weight, value.values()))
    return 1 + sum(map(_weight, value)) if isinstance(value, list) else 1
