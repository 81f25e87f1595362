"""The program of the child process: `python -m catalog.processing.worker`, frames on stdin and stdout.

Asked `{"parse": …}`, it parses descriptors (`catalog.ingestion.parse_pool`); asked `{"pass": …}`, it sends entities
through those steps that need nothing but the entity (`catalog.processing.pass_pool`).
"""

from __future__ import annotations

import logging
import sys
from typing import Any, BinaryIO

import orjson

from catalog.ingestion.frames import LENGTH_BYTES, UNANSWERED, frame
from catalog.ingestion.parsing import parse_entities
from catalog.json_numbers import dumps
from catalog.processing.pass_pool import answer_passes

log = logging.getLogger(__name__)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Until the questions end."""
    while len(length := questions.read(LENGTH_BYTES)) == LENGTH_BYTES:
        question = orjson.loads(questions.read(int.from_bytes(length, "big")))
        try:
            answer = dumps(_parsed(question["parse"]) if "parse" in question else answer_passes(question))
        except Exception:
            # Whoever asks does it himself, and tells what is the matter.
            log.exception("a question could not be answered")
            answer = UNANSWERED
        answers.write(frame(answer))
        answers.flush()


def _parsed(texts: list[tuple[str, str]]) -> list[Any]:
    return [
        [one if isinstance(one, dict) else [str(one)] for one in parse_entities(text, location)]
        for location, text in texts
    ]


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
