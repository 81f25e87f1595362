"""The line-by-line reader gives what the careful reader gives, or leaves the text alone."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ingestion.parsing import Document, as_text, read_carefully
from catalog.ingestion.yaml_fast import UnsureError
from catalog.ingestion.yaml_plain import read_plain

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"

_KEYS = ("a", "b", "kind", "x.io/y", "ui:field", "$text", "null", "true", "__proto__", "_", "n-1", "a:", "7up", "'q'")
_VALUES = (
    "word",
    "two words",
    "http://h:80/p#f",
    "a #b",
    "a # b",
    "a:b",
    "a: b",
    "b:",
    "5",
    "-5",
    "1e3",
    "0x1F",
    "0o7",
    ".5",
    "~",
    "null",
    "True",
    "off",
    "2020-01-01",
    ".inf",
    "''",
    '""',
    "'it''s'",
    "'a: b'",
    '"a # b"',
    '"\\n"',
    "'open",
    "'a' b",
    "[]",
    "{}",
    "[a, b]",
    "[ a,b ]",
    "[a, 'b, c']",
    "[a:b, c]",
    "[a,]",
    "[,]",
    "[a b, 1]",
    "[a",
    "a]",
    "[a]b",
    "[a: b]",
    "{ a: b }",
    "{a: 'b, c', d: 5}",
    "{a: b, a: c}",
    "{a:b}",
    "{ null: a }",
    "{a: b",
    "{ a: }",
    "|",
    "|-",
    ">",
    "|2",
    "| # c",
    "&a b",
    "*a",
    "!!str 5",
    "@x",
    "`x",
    "%x",
    "- b",
    "-",
    "?",
    "? a",
    "$x",
    "(x)",
    "a\tb",
    "Zoë",
    "a ",
    "#c",
    "# c",
    "---",
    "...",
    "a\\b",
    "a,b",
    "a, b: c",
    "<<",
    "=",
    "$(x)",
    "/",
    "_",
    ".",
)

_WHOLE = ("", "  ", "---", "--- ", "...", "# note", "  # a: note", "\t", "%YAML 1.2", "--- a")


@st.composite
def lines(draw: st.DrawFn) -> str:
    indent = " " * draw(st.integers(0, 6))
    dash = draw(st.sampled_from(("", "", "", "- ", "-  ", "- - ", "-")))
    shape = draw(st.integers(0, 9))
    if shape == 0:
        return draw(
            st.sampled_from(("", "  ", "---", "--- ", "...", "# note", "  # a: note", "\t", "%YAML 1.2", "--- a"))
        )
    if shape == 1:
        return indent + dash + draw(st.sampled_from(_VALUES))
    separator = draw(st.sampled_from((": ", ": ", ":  ", ":", " : ")))
    value = draw(st.sampled_from(("", *_VALUES)))
    return indent + dash + draw(st.sampled_from(_KEYS)) + separator + value


def both(text: str) -> tuple[object, object] | None:
    try:
        plain = read_plain(text)
    except UnsureError:
        return None
    careful = [(one.value, one.line) if isinstance(one, Document) else str(one) for one in read_carefully(text)]
    # As JSON: 1 and 1.0 and true are different things, and so is the order of keys.
    return [[orjson.dumps(value), line] for value, line in plain], [
        [orjson.dumps(one[0]), one[1]] if isinstance(one, tuple) else one for one in careful
    ]


@given(st.lists(lines(), min_size=1, max_size=9), st.sampled_from(("", "\n", "\n\n")))
@settings(max_examples=500)
def test_what_it_reads_it_reads_as_the_careful_reader_does(text: list[str], ending: str) -> None:
    found = both("\n".join(text) + ending)
    if found is not None:
        assert found[0] == found[1]


@given(st.lists(st.tuples(st.sampled_from(_KEYS[:6]), st.sampled_from(_VALUES)), min_size=1, max_size=4), st.data())
@settings(max_examples=500)
def test_nested_mappings_and_lists(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    text, indent = "", 0
    for key, value in pairs:
        text += " " * indent + data.draw(st.sampled_from(("", "- "))) + f"{key}:"
        if data.draw(st.booleans()):
            text += "\n"
            indent += data.draw(st.integers(-2, 4))
        else:
            text += f" {value}\n"
            indent = max(indent + data.draw(st.sampled_from((0, 0, 2, -2))), 0)
    found = both(text)
    if found is not None:
        assert found[0] == found[1]


@pytest.mark.parametrize("value", _VALUES)
@pytest.mark.parametrize(
    "around", ["a: {}\n", "a:\n  - {}\n  - b\n", "a:\n- {}\nb: c\n", "a:\n  b: {}\n    c\n", "- {}\n"]
)
def test_each_value_in_each_place(value: str, around: str) -> None:
    found = both(around.replace("{}", value, 1))
    if found is not None:
        assert found[0] == found[1]


def test_most_descriptors_are_read_line_by_line_and_alike() -> None:
    files = [file for pattern in ("*.yaml", "*.yml") for file in sorted(CORPUS.rglob(pattern))]
    found = [both(as_text(file.read_bytes())) for file in files]
    read = [one for one in found if one is not None]
    assert len(read) > 0.6 * len(files) > 300
    assert all(plain == careful for plain, careful in read)


def test_a_document_that_is_deep_is_left_to_others() -> None:
    with pytest.raises(UnsureError):
        read_plain("\n".join(" " * n + "a:" for n in range(300)))
