"""Parses descriptors in a child process: `python -m catalog.ingestion.parse_worker`, frames on stdin and stdout.

A frame is its length in eight bytes and a JSON list. Asked: `[[location, text], …]`. Answered, in the same order: for
each text a list of entities, with `[message]` in the place of each bad document.
"""

from __future__ import annotations

import sys
from typing import BinaryIO

import orjson

from catalog.ingestion.parsing import as_text, parse_entities
from catalog.json_numbers import dumps

LENGTH_BYTES = 8


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def asked(texts: list[tuple[str, bytes]]) -> bytes:
    """The question frame for descriptors: location ref and content."""
    return frame(orjson.dumps([(location, as_text(content)) for location, content in texts]))


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Until the questions end."""
    while len(length := questions.read(LENGTH_BYTES)) == LENGTH_BYTES:
        payload = questions.read(int.from_bytes(length, "big"))
        parsed = [
            [one if isinstance(one, dict) else [str(one)] for one in parse_entities(text, location)]
            for location, text in orjson.loads(payload)
        ]
        answers.write(frame(dumps(parsed)))
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
