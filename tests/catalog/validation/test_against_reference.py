"""The same verdict in the same words as npm `@backstage/catalog-model`, which the reference validates with."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import CallboardError, name_of
from catalog.model.kinds import BUILTIN_KINDS
from catalog.model.locations import parse_location_ref
from catalog.model.refs import parse_ref
from catalog.validation.envelope import check_envelope
from catalog.validation.kinds import KindValidator
from catalog.validation.policies import enforce_policies
from catalog.validation.urls import is_absolute_url
from tests.catalog.validation.samples import entities
from tests.reference.npm import ask, installed

KINDS = KindValidator(BUILTIN_KINDS)
ENTITIES = 3000


@pytest.fixture(scope="module")
def modules() -> Path:
    return installed()


def envelope(entity: Any) -> bool:
    check_envelope(entity)
    return True


def ref(of: tuple[Any, dict[str, str]]) -> str:
    text, context = of
    return str(
        parse_ref(text, default_kind=context.get("defaultKind"), default_namespace=context.get("defaultNamespace"))
    )


def ours(answer: Callable[[Any], Any], of: Any) -> dict[str, Any]:
    try:
        return {"answer": answer(copy.deepcopy(of))}
    except CallboardError as error:
        return {"error": {"name": name_of(error), "message": str(error)}}


def compare(kind: str, questions: list[Any], answer: Callable[[Any], Any], modules: Path) -> None:
    theirs = ask("model.js", [{"ask": kind, "of": of} for of in questions], modules)
    differing = [
        (of, mine, their) for of, their in zip(questions, theirs, strict=True) if (mine := ours(answer, of)) != their
    ]
    assert not differing, differing[0]


def passes_policies(entity: dict[str, Any]) -> bool:
    try:
        enforce_policies(copy.deepcopy(entity))
    except CallboardError:
        return False
    return True


def test_envelopes(modules: Path) -> None:
    compare("envelope", [*entities(ENTITIES, 1), None, [], "x", 5, {}], envelope, modules)


def test_policies(modules: Path) -> None:
    compare("policies", entities(ENTITIES, 2), enforce_policies, modules)


def test_kinds(modules: Path) -> None:
    valid = [entity for entity in entities(3 * ENTITIES, 3) if passes_policies(entity)]
    assert len(valid) > ENTITIES // 2
    compare("kind", valid, KINDS.recognizes, modules)


def test_refs(modules: Path) -> None:
    order = random.Random(4)
    parts = ["a", ":", "/", "b", "C", "default", "ns", "é", "İ", " ", "<x@y>"]
    contexts = [{}, {"defaultKind": "Group"}, {"defaultKind": "API", "defaultNamespace": "Ns"}]
    questions: list[Any] = [
        ["".join(order.choices(parts, k=order.randint(0, 6))), order.choice(contexts)] for _ in range(1500)
    ]
    odd: list[Any] = [5, 0, None, [], {}, {"kind": "a", "name": "b"}, {"name": "b"}, True]
    questions += [[value, context] for value in odd for context in contexts]
    compare("ref", questions, ref, modules)


def test_location_refs(modules: Path) -> None:
    order = random.Random(5)
    parts = ["url", ":", "http", "https", "file", " ", "javascript", "x", "//", "JavaScript", "\t", "java\tscript"]
    questions = ["".join(order.choices(parts, k=order.randint(0, 6))) for _ in range(1000)]
    compare("location", questions, lambda of: parse_location_ref(of)._asdict(), modules)


def test_urls(modules: Path) -> None:
    order = random.Random(6)
    starts = ["", "http:", "https://", "foo:", "foo://", "file:", "ws://"]
    parts = [
        *("http", "ftp", "file", "mailto", "urn", ":", ":", "/", "//", "a.b", "localhost", "127.0.0.1", "256.1.1.1"),
        *("1.2.3", "0x7f.1", "[::1]", "[1::2::3]", "[::1.2.3.4]", "%41", "%zz", "é", "ß", "ü.de", " ", "\t", "@"),
        *("user:pw@", ":80", ":99999", ":a", "?q", "#f", "\\", "..", "|", "^", "<", "1", "a_b", "*", ".", "-"),
    ]
    questions = [order.choice(starts) + "".join(order.choices(parts, k=order.randint(0, 6))) for _ in range(10000)]
    theirs = ask("model.js", [{"ask": "url", "of": of} for of in questions], modules)
    differing = [of for of, their in zip(questions, theirs, strict=True) if is_absolute_url(of) != ("answer" in their)]
    assert not differing
