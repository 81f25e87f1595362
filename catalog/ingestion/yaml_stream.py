"""A stream of YAML documents: directives, `---`, `...`. Source: YAML 1.2.2 §9, as npm `yaml` reads it.

Markers at the start of a line end whatever is open, so a stream is cut into documents before any of them is read,
and an error in one leaves the others alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.ingestion.yaml_block import read_document
from catalog.ingestion.yaml_syntax import Node, Source, YamlError
from catalog.ingestion.yaml_values import DEFAULT_TAGS

_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_LINE = re.compile(r"[^\n]*\n?")
_SPLIT = re.compile(r"[ \t]+")
_VERSION = re.compile(r"\d+\.\d+", re.ASCII)
_COMMENT = re.compile(r"[ \t]#")

BOM = "\ufeff"


@dataclass(slots=True)
class Directives:
    """What `%YAML` and `%TAG` said for the documents that follow."""

    version: str = "1.2"
    explicit: bool = False
    tags: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_TAGS))
    _stale: bool = False

    @property
    def legacy(self) -> bool:
        return self.explicit and self.version == "1.1"

    def add(self, line: str, source: Source, position: int) -> None:
        """Takes one directive. Raises YamlError for a malformed one; unknown ones are passed over."""
        if self._stale:
            self.explicit, self.tags, self._stale = False, dict(DEFAULT_TAGS), False
        name, *parts = _SPLIT.split(line.strip())
        if name == "%TAG":
            if len(parts) != 2:
                raise YamlError("%TAG directive should contain exactly two parts", source, position)
            self.tags[parts[0]] = parts[1]
        elif name == "%YAML":
            self.explicit = True
            if len(parts) != 1:
                raise YamlError("%YAML directive should contain exactly one part", source, position)
            if parts[0] in ("1.1", "1.2"):
                self.version = parts[0]
            elif not _VERSION.fullmatch(parts[0]):
                raise YamlError(f"Unsupported YAML version {parts[0]}", source, position + 6)

    def at_document(self) -> Directives:
        """Those of a document that starts here. They hold for one document, in YAML 1.1 for all up to the next ones."""
        current = Directives(self.version, self.explicit, dict(self.tags))
        if self.version == "1.1":
            self._stale = True
        else:
            self.explicit, self.tags = False, dict(DEFAULT_TAGS)
        return current


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a stream: its root node, or what is wrong with it first."""

    position: int
    root: Node | None
    error: YamlError | None
    directives: Directives


def read_stream(source: Source) -> Iterator[Part]:
    """The documents of a stream in order, those that are empty included."""
    text = source.text
    position = 0
    directives = Directives()
    error: YamlError | None = None
    pending = False
    while True:
        while position < len(text):
            if text.startswith(BOM, position):
                position += 1
            if text.startswith("%", position):
                pending = True
                try:
                    directives.add(_without_comment(_line(text, position)), source, position)
                except YamlError as found:
                    error = error or found
                position += len(_line(text, position))
                continue
            nothing = _NOTHING.match(text, position)
            if nothing is None or nothing.end() == position:
                break
            position = nothing.end()
        if position >= len(text):
            return
        while True:
            start = position
            marked = text.startswith("---", start) and _MARKER.match(text, start) is not None
            content = start + 3 if marked else start
            following = _MARKER.search(text, _next_line(text, start) if marked else start)
            end = following.start() if following else len(text)
            if pending and not marked and error is None:
                error = YamlError("Missing directives-end/doc-start indicator line", source, start)
            after = following.end() if following else end
            ends = following is not None and text[following.start()] == "."
            yield _part(source, start, content, end, directives.at_document(), error, marked, after if ends else None)
            error, pending = None, False
            position = end
            if following is None:
                return
            if ends:
                position = _next_line(text, after)
                break


def _part(
    source: Source,
    start: int,
    content: int,
    end: int,
    directives: Directives,
    error: YamlError | None,
    marked: bool,
    after: int | None,
) -> Part:
    root: Node | None = None
    if error is None:
        try:
            root = read_document(source, content, end, marker=marked)
            if after is not None and _NOTHING.match(source.text, after) is None:
                raise YamlError("Unexpected scalar at node end", source, after)
        except YamlError as found:
            error, root = found, None
    return Part(start, root, error, directives)


def _line(text: str, position: int) -> str:
    match = _LINE.match(text, position)
    return match[0] if match else ""


def _next_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _without_comment(line: str) -> str:
    return _COMMENT.split(line, maxsplit=1)[0]
