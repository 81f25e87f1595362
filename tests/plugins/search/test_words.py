"""Texts as words to be found by."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugins.search.words import MAX_WORD, indexed, joined, singular, stem, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Zoë's payments-API", ["zoe", "s", "payments", "api"]),
        ("snake_case v1.2", ["snake", "case", "v1", "2"]),
        ("sam@tidewater.example", ["sam", "tidewater", "example"]),
        ("Straße ½ İstanbul", ["strasse", "1", "2", "istanbul"]),
        ("検索 テスト abc", ["検", "索", "テ", "ス", "ト", "abc"]),
        ('"a" AND (b* OR NEAR/2) -c:d', ["a", "and", "b", "or", "near", "2", "c", "d"]),
        (" \t\0 ", []),
    ],
)
def test_a_text_is_its_letters_and_digits(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_names_written_together_are_found_by_their_parts() -> None:
    assert indexed("paymentsApi HTTPServer2") == [
        "paymentsapi",
        "httpserver2",
        "payments",
        "api",
        "http",
        "server",
        "2",
    ]
    assert indexed("one one two") == ["one", "two"]


def test_names_are_equal_however_they_are_written() -> None:
    assert {joined(name) for name in ("Payments API", "payments-api", "PaymentsApi", "payments_api")} == {"paymentsapi"}
    assert joined("!?") == ""


@pytest.mark.parametrize(
    ("word", "one"), [("services", "service"), ("libraries", "library"), ("boss", None), ("bus", None), ("api", None)]
)
def test_plurals_have_singulars(word: str, one: str | None) -> None:
    assert singular(word) == one


def test_forms_of_a_word_have_a_stem() -> None:
    assert {stem(word) for word in ("documented", "documentation", "documents", "documenting")} == {"document"}
    assert stem("red") == "red"


@example("ꭰ and Ꭰ")
@given(st.text(max_size=200))
@example("ŉ" * 100 + "﷽")
@example("x" * 1000)
def test_words_are_nothing_that_an_engine_could_take_apart(text: str) -> None:
    for word in (*words_of(text), *indexed(text), joined(text)):
        assert word == "" or word.isalnum()
        assert word == word.lower()
        assert "_" not in word
    assert all(0 < len(word) <= MAX_WORD for word in indexed(text))
    assert set(words_of(text)) <= set(indexed(text))
    assert words_of(" ".join(words_of(text))) == words_of(text)
