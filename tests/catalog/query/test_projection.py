from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.errors import InputError
from catalog.query.projection import Projector, parse_fields

ENTITY: dict[str, Any] = {
    "kind": "Component",
    "metadata": {
        "name": "Berth",
        "tags": ["java", "c#"],
        "labels": {"example.com/Tier.a": "gold"},
        "deep": [1, [2, [3]]],
    },
    "spec": {
        "nul": None,
        "emptyArr": [],
        "emptyObj": {},
        "objArr": [{"d": 1}, "c"],
        "dotted": {"key2": "two"},
        "dotted.key": "one",
        "0": "zero-key",
    },
    "relations": [{"type": "ownedBy", "targetRef": "a:b/c"}],
}


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        (["kind"], {"kind": "Component"}),
        ([" kind , metadata.name ", ",,kind"], {"kind": "Component", "metadata": {"name": "Berth"}}),
        (["metadata.labels.example.com/Tier.a"], {"metadata": {"labels": {"example.com/Tier.a": "gold"}}}),
        (["metadata.labels.example.com/tier.a"], {}),
        (["metadata.tags.0"], {"metadata": {"tags": ["java"]}}),
        (["metadata.tags.1"], {"metadata": {"tags": [None, "c#"]}}),
        (["metadata.tags.1", "metadata.tags.0"], {"metadata": {"tags": ["java", "c#"]}}),
        (["metadata.tags.9", "metadata.tags.01", "metadata.tags.java"], {}),
        (["metadata.deep.1.1.0"], {"metadata": {"deep": [None, [None, [3]]]}}),
        (["relations"], {"relations": ENTITY["relations"]}),
        (["relations.type"], {}),
        (["spec.objArr.0.d"], {"spec": {"objArr": [{"d": 1}]}}),
        (["spec.nul", "spec.emptyArr", "spec.emptyObj"], {"spec": {"nul": None, "emptyArr": [], "emptyObj": {}}}),
        (["spec.dotted.key"], {}),
        (["spec.dotted"], {"spec": {"dotted": {"key2": "two"}}}),
        (["spec.0"], {"spec": ["zero-key"]}),
        (["kind.length"], {"kind": {"length": 9}}),
        (["kind", "kind.length"], {"kind": {"length": 9}}),
        (["metadata.name", "metadata"], {"metadata": ENTITY["metadata"]}),
        (["__proto__", "constructor"], {}),
        (["spec.constructor"], {"spec": {}}),
        (["metadata.nothing", "nothing", "status"], {}),
    ],
)
def test_fields_choose_parts_of_an_entity(fields: list[str], chosen: dict[str, Any]) -> None:
    parsed = parse_fields(fields)
    assert parsed is not None
    before = orjson.dumps(ENTITY)
    assert parsed.of(ENTITY) == chosen
    assert orjson.dumps(ENTITY) == before


def test_no_fields_are_no_projection() -> None:
    assert parse_fields(None) is None
    assert parse_fields([" , ", ""]) is None


def test_fields_with_brackets_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_fields(["kind,spec[0]"])
    assert caught.value.message == 'Invalid field "spec[0]", array type fields are not supported'


def test_a_projector_gives_wire_json_and_keeps_gaps() -> None:
    projector = Projector(10_000)
    document = orjson.dumps(ENTITY)
    kind = parse_fields(["kind"])
    assert projector.project([document, document], kind) == [b'{"kind":"Component"}'] * 2
    assert projector.project([document], parse_fields(["metadata.name"])) == [b'{"metadata":{"name":"Berth"}}']
    assert projector.project_some([None, document], kind) == [None, b'{"kind":"Component"}']
    assert projector.project([document], None) == [document]


def test_a_document_with_a_lone_surrogate_is_projected_too() -> None:
    document = b'{"kind":"\\ud800","a":1}'
    assert Projector(10_000).project([document], parse_fields(["kind"])) == [b'{"kind":"\\ud800"}']
