"""From bytes to documents and entities. Source: spec/catalog.md §4.7.

Three readers share the work. Most descriptors are written so plainly that they can be read line by line; nearly all
others are plain enough for libyaml, which is fast and agrees with the reference on them; everything that it refuses,
and every text with a feature on which the two differ, goes to a careful reader of our own, which also words the errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.errors import CallboardError
from catalog.ingestion.yaml_fast import UnsureError, read_fast
from catalog.ingestion.yaml_plain import read_plain
from catalog.ingestion.yaml_stream import BOM, read_stream
from catalog.ingestion.yaml_syntax import MAX_BYTES, Source, YamlError
from catalog.ingestion.yaml_values import Values

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """The JSON value of one document. `line` is where it starts, from 1."""

    value: Any
    line: int


def parse_documents(content: bytes | str) -> list[Document | YamlError]:
    """All documents of a stream in order, empty ones as null; in the place of each bad one its error."""
    text = as_text(content)
    if len(text) > MAX_BYTES:
        return [YamlError(f"The text is longer than {MAX_BYTES} bytes", Source(""), 0)]
    for read in (read_plain, read_fast):
        try:
            return [Document(value, line) for value, line in read(text)]
        except UnsureError:
            continue
    return read_carefully(text)


def read_carefully(text: str) -> list[Document | YamlError]:
    """What `parse_documents` gives, by the careful reader alone."""
    source = Source(text)
    results: list[Document | YamlError] = []
    for part in read_stream(source):
        if part.error is not None or part.root is None:
            results.append(part.error or YamlError("Unreadable document", source, part.position))
            continue
        try:
            value = Values(source, part.directives.tags, legacy=part.directives.legacy).value(part.root)
        except YamlError as error:
            results.append(error)
        else:
            results.append(Document(value, source.place(part.root.position)[0]))
    return results


def parse_entities(content: bytes | str, location: str) -> Iterator[Entity | CallboardError]:
    """The entities of a descriptor as yet unchecked, and in the place of each bad document an error for its location.

    Documents that are null do not count. `location` is a location ref.
    """
    for document in parse_documents(content):
        if isinstance(document, YamlError):
            yield CallboardError(f"YAML error at {location}, {document.name}: {document}")
        elif isinstance(document.value, dict):
            yield document.value
        elif document.value is not None:
            yield CallboardError(f"Expected object at root, got {_type_name(document.value)}")


def as_text(content: bytes | str) -> str:
    """Text with `\\n` line ends and no byte order mark. Bytes are UTF-8; those that are not become U+FFFD."""
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    text = text.removeprefix(BOM)
    return text.replace("\r\n", "\n") if "\r" in text else text


def _type_name(value: Any) -> str:
    """JavaScript's `typeof`."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "object"
