"""The same documents accepted, and the same JSON, as by npm `yaml` in the version that the reference uses."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from catalog.ingestion.parsing import Document, as_text, parse_documents, read_carefully
from catalog.ingestion.yaml_fast import UnsureError, read_fast
from catalog.ingestion.yaml_syntax import YamlError
from tests.catalog.ingestion.yaml_fixtures import FIXTURES, built, damaged
from tests.reference.corpus import corpus_files
from tests.reference.npm import ask, installed

LENIENT = ("? ", "?\n", "?\t")
"""Explicit keys: there the reference accepts broken texts and loses parts of them (docs/descriptors.md)."""


@pytest.fixture(scope="module")
def modules() -> Path:
    return installed()


def reference(contents: list[bytes], modules: Path) -> list[list[dict[str, Any]]]:
    return ask("yaml.js", [base64.b64encode(content).decode() for content in contents], modules)


def same(ours: Any, theirs: Any) -> bool:
    """Equality of JSON: numbers by value, and true is not 1."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return ours == theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


def agree(ours: list[Document | YamlError], theirs: list[dict[str, Any]]) -> bool:
    """Both refuse something in the stream, or both accept all of it as the same values."""
    if any(isinstance(document, YamlError) for document in ours) or any("error" in document for document in theirs):
        return any(isinstance(document, YamlError) for document in ours) and any("error" in one for one in theirs)
    values = [document.value for document in ours if isinstance(document, Document)]
    return same(values, [document["value"] for document in theirs])


def differing(contents: list[bytes], modules: Path) -> list[tuple[bytes, list[Document | YamlError], Any]]:
    answers = reference(contents, modules)
    found = []
    for content, theirs in zip(contents, answers, strict=True):
        for ours in (parse_documents(content), read_carefully(as_text(content))):
            if not agree(ours, theirs):
                found.append((content[:500], ours, theirs))
    return found


def test_every_file_of_the_corpus_is_read_alike_document_by_document(modules: Path) -> None:
    files = corpus_files()
    assert len(files) > 500
    answers = reference([file.read_bytes() for file in files], modules)
    for file, theirs in zip(files, answers, strict=True):
        for ours in (parse_documents(file.read_bytes()), read_carefully(as_text(file.read_bytes()))):
            verdicts = [isinstance(document, Document) for document in ours]
            assert verdicts == ["value" in document for document in theirs], file
            assert agree(ours, theirs), file


def test_fixtures_are_read_alike(modules: Path) -> None:
    assert differing([text.encode() for text in FIXTURES], modules) == []


def test_texts_built_from_lines_are_read_alike(modules: Path) -> None:
    assert differing([text.encode() for text in built(4000, seed=1)], modules) == []


def test_damaged_descriptors_are_read_alike(modules: Path) -> None:
    texts = [as_text(file.read_bytes()) for file in corpus_files() if file.suffix in (".yaml", ".yml")]
    samples = damaged([text for text in texts if len(text) < 4000], 4000, seed=2)
    plain = [
        text for text in samples if not any(mark in text for mark in LENIENT) and "\n:" not in text.replace(" ", "")
    ]
    found = differing([text.encode() for text in plain], modules)
    # What remains are texts such as `a: [b]:`, of which the reference makes a second key without a name.
    assert [content for content, ours, _ in found if isinstance(ours[0], Document)] == []
    assert len(found) <= len(plain) // 500


def test_bytes_that_are_not_utf8_are_replaced_alike(modules: Path) -> None:
    contents = [
        b"a: \xff\xfe\n",
        b"a: x\xc3\n",
        b"\xc3\xa9: \xe2\x82\n",
        b"a: '\xf0\x9f\x9a'\n",
        "a: é\n".encode("utf-16"),
    ]
    assert differing(contents, modules) == []


@pytest.mark.parametrize("text", [*FIXTURES, *built(300, seed=3)])
def test_the_fast_reader_gives_what_the_careful_one_gives_or_nothing(text: str) -> None:
    try:
        fast = [value for value, _ in read_fast(as_text(text))]
    except UnsureError:
        return
    assert fast == [document.value for document in read_carefully(as_text(text)) if isinstance(document, Document)]


def test_nearly_all_descriptors_are_plain_enough_for_the_fast_reader() -> None:
    fast = 0
    files = [file for file in corpus_files() if file.suffix in (".yaml", ".yml")]
    for file in files:
        try:
            read_fast(as_text(file.read_bytes()))
        except UnsureError:
            continue
        fast += 1
    assert fast > len(files) * 0.75
