from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import CallboardError
from catalog.model.errors import FormError
from catalog.model.refs import EntityRef, canonical, parse_ref, ref_of

PARTS = st.text(min_size=1).filter(lambda text: not set(text) & set(":/\0"))


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("lighthouse", EntityRef("Group", "own", "lighthouse")),
        ("Group:NS/Name", EntityRef("Group", "NS", "Name")),
        ("ns/name", EntityRef("Group", "ns", "name")),
        ("user:jo", EntityRef("user", "own", "jo")),
        ("a:b/c:d/e", EntityRef("a", "b", "c:d/e")),
        ("ns/a:b", EntityRef("Group", "ns", "a:b")),
        ("Person Name <x@y.z>", EntityRef("Group", "own", "Person Name <x@y.z>")),
    ],
)
def test_what_is_left_out_comes_from_the_context(text: str, ref: EntityRef) -> None:
    assert parse_ref(text, default_kind="Group", default_namespace="own") == ref


@pytest.mark.parametrize("text", [":x", "a:/b", "a:", "/b", "a/", "a:b/"])
def test_an_empty_part_is_refused(text: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_ref(text, default_kind="Group")
    assert str(caught.value) == f'Entity reference "{text}" was not on the form [<kind>:][<namespace>/]<name>'


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("", "Entity reference must not be empty"),
        (None, "Entity reference must not be empty"),
        (0, "Entity reference must not be empty"),
        (
            'no"kind',
            'Entity reference "no\\"kind" had missing or empty kind (e.g. did not start with "component:" or similar)',
        ),
        (
            {"name": "x"},
            'Entity reference {"name":"x"} had missing or empty kind (e.g. did not start with "component:" or similar)',
        ),
        ({"kind": "a"}, 'Entity reference {"kind":"a"} had missing or empty name'),
        (
            {"kind": "a", "namespace": "", "name": "b"},
            'Entity reference {"kind":"a","namespace":"","name":"b"} had missing or empty namespace',
        ),
    ],
)
def test_a_ref_that_lacks_a_part_says_which(ref: Any, message: str) -> None:
    with pytest.raises(CallboardError) as caught:
        parse_ref(ref)
    assert (caught.value.name, str(caught.value)) == ("Error", message)


def test_an_object_is_a_ref_too() -> None:
    assert parse_ref({"kind": "API", "name": "x"}) == EntityRef("API", "default", "x")


def test_parts_of_an_object_have_to_be_texts() -> None:
    with pytest.raises(FormError):
        parse_ref({"kind": "API", "name": 5})


def test_the_ref_of_an_entity_is_canonical() -> None:
    assert ref_of({"kind": "API", "metadata": {"name": "A-b", "namespace": "Ns"}}) == "api:ns/a-b"
    assert ref_of({"kind": "API", "metadata": {"name": "A-b"}}) == "api:default/a-b"


def test_a_nul_never_reaches_a_canonical_ref() -> None:
    assert canonical("a", "b", "c\0d") == "a:b/c\ufffdd"


@given(PARTS, PARTS, PARTS)
def test_a_canonical_ref_parses_to_itself(kind: str, namespace: str, name: str) -> None:
    text = canonical(kind, namespace, name)
    assert str(parse_ref(text)) == text


@given(PARTS, PARTS, PARTS)
def test_case_makes_no_difference(kind: str, namespace: str, name: str) -> None:
    ref = EntityRef(kind, namespace, name)
    assert str(EntityRef(kind.lower(), namespace.lower(), name.lower())) == str(ref)


@given(st.text())
def test_any_text_is_a_ref_or_a_plain_refusal(text: str) -> None:
    try:
        ref = parse_ref(text, default_kind="Group")
    except CallboardError:
        assert text == "" or ":" in text or "/" in text
    else:
        assert all(ref)
