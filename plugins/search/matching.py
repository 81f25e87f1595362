"""What is asked for, apart from any engine: a conjunction of alternatives, each a word somewhere in a document.

matching("payments apis", types=["techdocs"], filters={"kind": ["component", "api"]})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from plugins.search.entries import mark, name_mark, type_mark
from plugins.search.words import joined, singular, words_of

MAX_TERMS: Final = 16
"""Words of a query that count."""

Place = Literal["anywhere", "title", "marks"]


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a place; `prefix`: or any that begins so."""

    text: str
    place: Place
    prefix: bool = False


Alternatives = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Documents that have one word of each alternative. No alternative: all documents."""

    alternatives: tuple[Alternatives, ...] = ()

    def __and__(self, other: Match) -> Match:
        return Match((*self.alternatives, *other.alternatives))


def terms_of(term: str) -> list[str]:
    """The distinct words of what somebody typed."""
    return list(dict.fromkeys(words_of(term)))[:MAX_TERMS]


def text_match(terms: Sequence[str], place: Place = "anywhere", *, prefix: bool = True) -> Match:
    """All of the words, each as a whole, as the beginning of one, or as the plural of one."""
    return Match(tuple(tuple(_spellings(word, place, prefix)) for word in terms))


def _spellings(word: str, place: Place, prefix: bool) -> list[Word]:
    found = [Word(word, place, prefix)]
    if (one := singular(word)) is not None:
        found.append(Word(one, place))
    return found


def name_match(term: str) -> Match | None:
    """Documents that are called just so; None for what is no name."""
    name = joined(term)
    return Match(((Word(name_mark(name), "marks"),),)) if name else None


def type_match(types: Sequence[str]) -> Match:
    return Match((tuple(Word(type_mark(one), "marks") for one in types),))


def filter_match(filters: Mapping[str, Any]) -> Match:
    """Each member is the value, or holds it; one of several where a list is given."""
    return Match(
        tuple(
            tuple(Word(mark(field, one), "marks") for one in (value if isinstance(value, list) else [value]))
            for field, value in filters.items()
        )
    )
