"""Where descriptors are parsed: a few at once here, many at once in a child process.

Should the child fail, what it was asked is parsed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from app.errors import CallboardError
from catalog.ingestion.child import Child
from catalog.ingestion.parsing import as_text, parse_entities
from catalog.interfaces import Entity
from catalog.store.documents import load_json

Document = Entity | CallboardError
Texts = Sequence[tuple[str, bytes]]
"""Location refs and contents."""

MANY_BYTES = 32 * 1024
"""From here on the child parses."""
FRAME_BYTES = 256 * 1024
"""About so much is asked at a time."""


class ParsePool:
    def __init__(self, child: Child) -> None:
        self._child = child

    async def parse(self, texts: Texts) -> list[list[Document]]:
        """The documents of each text, with an error in the place of each bad one."""
        if sum(len(content) for _, content in texts) < MANY_BYTES:
            return [_here(location, content) for location, content in texts]
        parsed: list[list[Document]] = []
        for part in _parts(texts):
            parsed += await self._in_child(part)
        return parsed

    async def _in_child(self, texts: Texts) -> list[list[Document]]:
        answer = await self._child.ask(question_of(texts))
        if answer is None:
            return [_here(location, content) for location, content in texts]
        return [[_document(one) for one in found] for found in load_json(answer)]


def question_of(texts: Texts) -> bytes:
    """What the child is asked. It answers, in the same order, for each text a list of entities, with `[message]` in the
    place of each bad document."""
    return orjson.dumps({"parse": [(location, as_text(content)) for location, content in texts]})


def _here(location: str, content: bytes) -> list[Document]:
    return list(parse_entities(content, location))


def _document(found: Entity | list[str]) -> Document:
    return found if isinstance(found, dict) else CallboardError(found[0])


def _parts(texts: Texts) -> list[list[tuple[str, bytes]]]:
    parts: list[list[tuple[str, bytes]]] = [[]]
    size = 0
    for location, content in texts:
        if size > FRAME_BYTES:
            parts.append([])
            size = 0
        parts[-1].append((location, content))
        size += len(content)
    return parts
