from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.errors import CallboardError
from catalog.ingestion.parsing import Document, parse_documents, parse_entities
from catalog.ingestion.yaml_syntax import MAX_BYTES, MAX_DEPTH, YamlError
from catalog.json_numbers import dumps, js_value


def values(content: bytes | str) -> list[Any]:
    documents = parse_documents(content)
    assert all(isinstance(document, Document) for document in documents), documents
    return [document.value for document in documents if isinstance(document, Document)]


def only_error(content: bytes | str) -> YamlError:
    (document,) = parse_documents(content)
    assert isinstance(document, YamlError)
    return document


# Source: spec/catalog.md §4.7, and conformance corpus yaml-forms.yaml.
def test_scalars_are_those_of_yaml_1_2() -> None:
    (value,) = values(
        "yesno: [yes, no, on, off]\ndate: 2024-02-30\ntime: 12:30:45\noctal: 0o17\nleading: 017\nhex: 0x1F\nexp: 1e3\n"
        "inf: .inf\nnan: .nan\ntagged: !mytag 12\nbinary: !!binary aGVsbG8=\naset: !!set { a, b }\n1: int\ntrue: bool\n"
        "? [complex, key]\n: complex\nbrace: {{ x }}\n<<: literal\n"
    )
    assert value == {
        "yesno": ["yes", "no", "on", "off"],
        "date": "2024-02-30",
        "time": "12:30:45",
        "octal": 15,
        "leading": 17,
        "hex": 31,
        "exp": 1000,
        "inf": None,
        "nan": None,
        "tagged": "12",
        "binary": {"type": "Buffer", "data": [104, 101, 108, 108, 111]},
        "aset": {},
        "1": "int",
        "true": "bool",
        "[ complex, key ]": "complex",
        "brace": {"{ x }": None},
        "<<": "literal",
    }


def test_prototypes_are_out_of_reach_and_other_names_are_plain_data() -> None:
    assert values("__proto__: { polluted: true }\nconstructor: built\nhasOwnProperty: mine\n") == [
        {"constructor": "built", "hasOwnProperty": "mine"}
    ]
    assert values("a: !!str x\n__proto__: 1\n") == [{"a": "x"}]


def test_documents_know_the_line_they_start_in() -> None:
    documents = parse_documents("# c\na: 1\n---\n\nb: 2\n---\n!!str c\n")
    assert [document.line for document in documents] == [2, 5, 7]


def test_empty_documents_are_null() -> None:
    assert values("a: 1\n---\n---\n# c\n") == [{"a": 1}, None, None]
    assert values("") == []


# Wording of the excerpt: npm `yaml` 2.9.1.
def test_an_error_tells_line_column_and_shows_the_place() -> None:
    error = only_error("apiVersion: v1\nkind: Component\nkind: API\n")
    assert (error.name, error.line, error.column, error.reason) == ("YAMLParseError", 3, 1, "Map keys must be unique")
    assert str(error) == ("Map keys must be unique at line 3, column 1:\n\nkind: Component\nkind: API\n^\n")


def test_a_long_line_is_shown_around_the_place() -> None:
    error = only_error(f"key: {'x' * 100} {{}} 'a': b\n")
    excerpt = str(error).split("\n")[2]
    assert len(excerpt) <= 81
    assert excerpt.startswith("…") or excerpt.endswith("…")


def test_columns_count_as_editors_do() -> None:
    assert only_error('a: "🚢" x\n').column == 9


def test_an_error_in_one_document_leaves_the_others_alone() -> None:
    first, second, third = parse_documents("a: 1\n---\nb: [unclosed\n---\nc: 3\n")
    assert isinstance(first, Document)
    assert isinstance(second, YamlError)
    assert second.line == 3
    assert isinstance(third, Document)
    assert (first.value, third.value) == ({"a": 1}, {"c": 3})


def test_too_many_aliases_are_taken_for_an_attack() -> None:
    error = only_error("a: &a [x]\nb: [" + "*a, " * 120 + "]\n")
    assert error.name == "ReferenceError"
    assert error.reason == "Excessive alias count indicates a resource exhaustion attack"
    assert values("a: &a [x]\nb: [" + "*a, " * 90 + "]\n")


def test_aliases_of_nothing_much_are_an_attack_when_there_are_enough() -> None:
    # Empty lists count for nothing in the rule of the reference, so it would expand these without end.
    text = f"a: &a [{'[], ' * 5000}]\nb: [{'*a, ' * 5000}]\n"
    assert only_error(text).reason == "Excessive alias count indicates a resource exhaustion attack"


def test_an_alias_needs_its_anchor() -> None:
    error = only_error("a: *nope\n")
    assert error.reason == "Unresolved alias (the anchor must be set before the alias): nope"
    assert (error.line, error.column) == (1, 4)


def test_a_value_that_holds_itself_is_refused() -> None:
    assert only_error("a: &x [*x]\n").name == "ReferenceError"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000 + "a\n",
        "".join(" " * depth + "a:\n" for depth in range(MAX_DEPTH + 50)),
        "{a: " * (MAX_DEPTH + 1) + "}" * (MAX_DEPTH + 1),
        "? " * 100_000 + "a\n",
    ],
)
def test_deep_nesting_is_refused_before_it_hurts(text: str) -> None:
    assert "nested deeper" in only_error(text).reason
    assert sys.getrecursionlimit() <= 1000


def test_what_is_accepted_can_be_written_as_json() -> None:
    (value,) = values("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert dumps({"spec": value})


def test_a_huge_text_is_refused_unread() -> None:
    assert only_error("a" * (MAX_BYTES + 1)).reason == f"The text is longer than {MAX_BYTES} bytes"


@pytest.mark.parametrize("digits", [5000, 100_000])
def test_endless_numbers_are_no_trouble(digits: int) -> None:
    assert values(f"a: {'9' * digits}\n") == [{"a": None}]
    assert values(f"a: 0.{'0' * digits}\n") == [{"a": 0}]


# Source: spec/catalog.md §4.7 and the errors of §4.4.
def test_entities_and_errors_come_in_the_order_of_documents() -> None:
    content = b"a: 1\n---\njust text\n---\n- x\n---\n42\n---\ntrue\n---\n# nothing\n---\nb: [\n"
    entity, *errors = list(parse_entities(content, "url:https://x.example/a.yaml"))
    assert entity == {"a": 1}
    assert all(isinstance(error, CallboardError) for error in errors)
    texts = [str(error) for error in errors]
    assert texts[:4] == [
        "Expected object at root, got string",
        "Expected object at root, got object",
        "Expected object at root, got number",
        "Expected object at root, got boolean",
    ]
    assert texts[4].startswith("YAML error at url:https://x.example/a.yaml, YAMLParseError: Flow sequence in block")
    assert len(texts) == 5


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).map(js_value)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), inner, max_size=4)
    ),
    max_leaves=15,
).filter(lambda value: b"__proto__" not in dumps(value))


@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    assert values(dumps(value)) == [value]


@given(JSON, st.booleans(), st.sampled_from([None, "'", '"', "|", ">"]), st.integers(20, 100))
def test_what_a_yaml_writer_writes_is_read_back(value: Any, flow: bool, style: str | None, width: int) -> None:
    text = yaml.safe_dump(
        {"root": value}, default_flow_style=flow, default_style=style, width=width, allow_unicode=True
    )
    expected = yaml.safe_load(text) if style else {"root": value}
    if _is_common_yaml(text):
        assert values(text) == [js_value(expected)]


def _is_common_yaml(text: str) -> bool:
    """Without what YAML 1.1, which PyYAML writes, means differently: its line breaks and tags."""
    return not any(character in text for character in "\x85\u2028\u2029") and "!!" not in text and "? " not in text


@given(st.text(alphabet="ab:-?#&*!|>[]{}'\"%@`, \t\n", max_size=40))
def test_any_text_is_documents_or_errors_and_never_a_crash(text: str) -> None:
    for document in parse_documents(text):
        if isinstance(document, YamlError):
            assert document.line >= 1
            assert document.column >= 1
        else:
            dumps(document.value)
