"""Excerpts, and what is marked in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plugins.search.highlighting import Highlighter
from plugins.search.matching import terms_of
from plugins.search.settings import HighlightSettings


def excerpt(text: str, term: str, **options: object) -> str:
    settings = HighlightSettings.model_validate(options)
    return Highlighter(settings, terms_of(term), "<", ">").excerpt(text)


LONG = " ".join(f"w{n}" for n in range(200))


def test_words_that_begin_so_are_marked_to_their_end() -> None:
    assert excerpt("The petstore, for PETS and carpets", "pet") == "The <petstore>, for <PETS> and carpets"
    assert excerpt("Payments and payment", "payments") == "<Payments> and <payment>"
    assert excerpt("PaymentsApi", "api") == "Payments<Api>"
    assert excerpt("nothing here", "pet") == "nothing here"


def test_accents_are_no_obstacle() -> None:
    assert excerpt("Zoë Ångström", "angstrom zoe") == "<Zoë> <Ångström>"
    assert excerpt("Zoe", "ZOË") == "<Zoe>"


def test_a_long_text_is_cut_around_what_was_found() -> None:
    found = excerpt(LONG, "w100", maxWords=8)
    assert found == "w98 w99 <w100> w101 w102 w103 w104 w105"
    assert excerpt(LONG, "w0", maxWords=3) == "<w0> w1 w2"
    assert excerpt(LONG, "w199", maxWords=4) == "w198 <w199>"
    assert excerpt(LONG, "missing", minWords=4) == "w0 w1 w2 w3"
    assert excerpt(LONG, "w100", highlightAll=True) == LONG.replace("w100", "<w100>")


def test_several_excerpts_are_joined() -> None:
    found = excerpt(LONG, "w10 w150", maxWords=4, maxFragments=3, fragmentDelimiter=" … ")
    parts = found.split(" … ")
    assert len(parts) == 3
    assert "<w10>" in parts[0]
    assert "<w100>" in parts[1]
    assert excerpt("short text", "text", maxFragments=3) == "short <text>"


@given(st.text(max_size=400), st.text(max_size=20), st.integers(1, 40), st.integers(0, 3))
def test_an_excerpt_is_a_part_of_its_text(text: str, term: str, words: int, fragments: int) -> None:
    text = text.replace("<", "").replace(">", "")
    found = excerpt(text, term, maxWords=words, maxFragments=fragments, fragmentDelimiter="<>")
    assert found.count("<") == found.count(">")
    for part in found.split("<>"):
        assert part.replace("<", "").replace(">", "") in text


@given(st.text("aAbB0 _-.", max_size=30), st.lists(st.text("ab0", min_size=1, max_size=3), min_size=1, max_size=3))
def test_plain_texts_are_read_without_a_pattern_as_with_one(text: str, terms: list[str]) -> None:
    marking = Highlighter(HighlightSettings(), terms, "<", ">")
    assert marking._matches(text) == [match.span() for match in marking._pattern.finditer(text)]
