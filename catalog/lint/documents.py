"""The documents of a YAML file, and where in it each of their members stands. For linters of features above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.ingestion.parsing import as_text
from catalog.ingestion.yaml_stream import Part, read_stream
from catalog.ingestion.yaml_syntax import Node, Source, YamlError
from catalog.ingestion.yaml_values import Values
from catalog.lint.findings import Finding
from catalog.lint.places import Path as Steps
from catalog.lint.places import position_of


@dataclass(frozen=True, slots=True)
class PlacedDocument:
    """A document that is not empty."""

    value: Any
    source: Source
    root: Node

    def place(self, path: Steps) -> tuple[int, int]:
        """Line and column, from 1, of what a path leads to, or of the innermost thing on the way that is there."""
        return self.source.place(position_of(self.root, path))


def placed_documents(file: Path) -> Iterator[PlacedDocument | Finding]:
    """The documents of a file as the catalog reads it, and findings in the place of those that cannot be read."""
    path = str(file)
    try:
        source = Source(as_text(file.read_bytes()))
    except OSError as error:
        yield Finding(path, 1, 1, "unreadable", error.strerror or "cannot be read")
        return
    for part in read_stream(source):
        try:
            value = _value(part, source)
        except YamlError as error:
            yield Finding(path, error.line, error.column, "yaml", error.reason)
            continue
        if value is not None and part.root is not None:
            yield PlacedDocument(value, source, part.root)


def _value(part: Part, source: Source) -> Any:
    if part.error is not None:
        raise part.error
    if part.root is None:
        return None
    return Values(source, part.directives.tags, legacy=part.directives.legacy).value(part.root)
