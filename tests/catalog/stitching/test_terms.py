from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from catalog.json_numbers import js_number_text, js_value
from catalog.stitching.terms import Term, terms_of

ALWAYS = [
    Term("metadata.name", "it", "It"),
    Term("metadata.namespace", "default", "default"),
    Term("metadata.uid", "u-1", "U-1"),
]


def entity(**members: Any) -> dict[str, Any]:
    return {"metadata": {"name": "It", "namespace": "default", "uid": "U-1", "etag": "x"}, **members}


def of_spec(spec: Any) -> list[Term]:
    terms = terms_of(entity(spec=spec))
    assert terms[-3:] == ALWAYS
    return terms[:-3]


# Source: spec/catalog.md §2.1.
def test_the_example_of_the_specification() -> None:
    given_entity = entity(
        spec={"objArr": [{"d": 1}, "c", 5, ["x"]], "nul": None},
        relations=[{"type": "ownedBy", "targetRef": "group:a/b"}],
    )
    given_entity["metadata"]["tags"] = ["java", "data"]
    given_entity["metadata"]["annotations"] = {"mixed.case/Key": "Hello"}
    assert terms_of(given_entity) == [
        Term("metadata.tags", "java", "java"),
        Term("metadata.tags.java", "true", "true"),
        Term("metadata.tags", "data", "data"),
        Term("metadata.tags.data", "true", "true"),
        Term("metadata.annotations.mixed.case/key", "hello", "Hello"),
        Term("spec.objarr.d", "1", "1"),
        Term("spec.objarr", "c", "c"),
        Term("spec.objarr.c", "true", "true"),
        Term("spec.objarr", "5", "5"),
        Term("spec.objarr", "x", "x"),
        Term("spec.objarr.x", "true", "true"),
        Term("spec.nul", None, None),
        *ALWAYS,
        Term("relations.ownedby", "group:a/b", "group:a/b"),
    ]


def test_what_the_catalog_manages_itself_is_not_walked() -> None:
    assert terms_of(entity(status={"items": [1]}, attachments={"a": 1}, relations=[])) == ALWAYS


def test_an_entity_without_namespace_has_that_of_the_default() -> None:
    terms = terms_of({"metadata": {"name": "x"}})
    assert terms == [
        Term("metadata.name", "x", "x"),
        Term("metadata.namespace", None, None),
        Term("metadata.uid", None, None),
        Term("metadata.namespace", "default", "default"),
    ]


def test_empty_collections_leave_no_trace() -> None:
    assert of_spec({"a": {}, "b": [], "c": [[], {}]}) == []


def test_values_are_what_javascript_prints() -> None:
    spec = js_value({"flt": 1.50, "exp": 1e21, "tiny": 1e-7, "big": 12345678901234567890, "neg": -0.0, "yes": True})
    assert [term.value for term in of_spec(spec)] == ["1.5", "1e+21", "1e-7", "12345678901234567000", "0", "true"]


def test_the_first_of_values_alike_gives_its_spelling() -> None:
    assert of_spec({"a": ["C", 1, "1", "c", None, ""]}) == [
        Term("spec.a", "c", "C"),
        Term("spec.a.c", "true", "true"),
        Term("spec.a", "1", "1"),
        Term("spec.a.1", "true", "true"),
        Term("spec.a", None, None),
        Term("spec.a", "", ""),
        Term("spec.a.", "true", "true"),
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("x" * 200, True), ("x" * 201, False), ("🚢" * 100, True), ("🚢" * 101, False), ("İ" * 100, True)],
)
def test_values_count_up_to_200_code_units_in_lower_case(text: str, kept: bool) -> None:
    (term,) = of_spec({"a": text})
    assert term == (Term("spec.a", text.lower(), text) if kept else Term("spec.a", None, None))


def test_keys_longer_than_200_code_units_are_dropped() -> None:
    assert [term.key for term in of_spec({"k" * 195: 1, "q" * 196: 1, "🚢" * 98: 1})] == ["spec." + "k" * 195]


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({"Foo": 1, "foo": 2}, "'spec.foo'"),
        ({"tags": ["JAVA"], "tags.java": 1}, "'spec.tags.java'"),
        ({"A": 1, "a": 1, "B": 1, "b": 1}, "'spec.a', 'spec.b'"),
        ({"q" * 300: 1, "Q" * 300: 1}, f"'spec.{'q' * 300}'"),
    ],
)
def test_keys_that_differ_in_case_alone_are_refused(spec: dict[str, Any], names: str) -> None:
    with pytest.raises(InputError) as caught:
        of_spec(spec)
    assert str(caught.value) == f"Entity has duplicate keys that vary only in casing, {names}"


def test_texts_in_a_list_that_differ_in_case_share_one_key() -> None:
    assert [term.key for term in of_spec({"a": ["X", "x"]})] == ["spec.a", "spec.a.x"]


def test_nul_is_replaced_where_databases_would_refuse_it() -> None:
    assert of_spec({"a\0": "b\0"}) == [Term("spec.a\ufffd", "b\ufffd", "b\ufffd")]


# ------------------------------------------------------------------------------------------- a naive evaluator

SKIPPED = {"attachments", "relations", "status", "metadata.name", "metadata.namespace", "metadata.uid", "metadata.etag"}


def naive(root: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The rules of the specification, one after the other, without regard to speed."""
    pairs: list[tuple[str, Any]] = []
    flagged: set[str] = set()

    def visit(path: str, value: Any) -> None:
        if path in SKIPPED:
            return
        if isinstance(value, dict):
            for key, member in value.items():
                visit(f"{path}.{key}" if path else key, member)
        elif isinstance(value, list):
            for item in value:
                visit(path, item)
                if isinstance(item, str) and f"{path}.{item}".lower() not in flagged:
                    flagged.add(f"{path}.{item}".lower())
                    pairs.append((f"{path}.{item}", True))
        else:
            pairs.append((path, value))

    visit("", root)
    metadata = root["metadata"]
    pairs += [(f"metadata.{key}", metadata.get(key)) for key in ("name", "namespace", "uid")]
    if len({key for key, _ in pairs}) != len({key.lower() for key, _ in pairs}):
        raise InputError
    rows: list[tuple[str, str | None]] = []
    for key, value in pairs:
        if len(key.lower().encode("utf-16-le")) > 400:
            continue
        if value is None:
            text = None
        elif isinstance(value, bool):
            text = str(value).lower()
        else:
            text = (value if isinstance(value, str) else js_number_text(value)).lower()
            if len(text.encode("utf-16-le")) > 400:
                text = None
        if (key.lower(), text) not in rows:
            rows.append((key.lower(), text))
    return rows


KEYS = st.text(st.sampled_from("aAbB.ß🚢"), min_size=1, max_size=3) | st.sampled_from(["status", "x" * 199])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False).map(js_value)
    | st.sampled_from(["a", "A", "b.B", "İ", "x" * 200, "x" * 201, "🚢" * 101, ""])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)


@given(VALUES, VALUES)
def test_terms_are_those_of_a_naive_evaluator(spec: Any, labels: Any) -> None:
    given_entity = entity(spec=spec, status={"a": 1})
    given_entity["metadata"]["labels"] = labels
    try:
        expected = naive(given_entity)
    except InputError:
        with pytest.raises(InputError):
            terms_of(given_entity)
        return
    assert [(term.key, term.value) for term in terms_of(given_entity)] == expected
