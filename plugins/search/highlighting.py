"""What of a text shows why it was found: an excerpt around the first words that match, with those marked. Pure.

Source: spec/ui-backends.md §6; the options are those of PostgreSQL's `ts_headline`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from plugins.search.settings import HighlightSettings
from plugins.search.words import singular

LOOKED_AT: Final = 20_000
"""Characters of a text in which matches are looked for."""
_BEFORE: Final = 0.25
"""Share of an excerpt that comes before the word that was found."""
_SPAN: Final = 40
"""Characters that a word and the space behind it take at most, as far as an excerpt is concerned."""
_WORD: Final = re.compile(r"\S+")
_REST: Final = re.compile(r"[A-Za-z0-9]+")


class Highlighter:
    """Marks the words of one query."""

    def __init__(self, options: HighlightSettings, terms: Sequence[str], pre: str, post: str) -> None:
        self._options = options
        self._pre, self._post = pre, post
        words = dict.fromkeys([word for term in terms for word in (term, singular(term)) if word])
        # Longest first: the one that is found is the one that is meant.
        self._words = sorted(words, key=len, reverse=True)
        self._ascii = [word for word in self._words if word.isascii()]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """At the start of a word, or of a part of one that is written in camel case; to the end of the word."""
        start = r"(?:(?<![^\W_])|(?<=(?-i:[a-z]))(?=(?-i:[A-Z])))"
        found = "|".join(map(re.escape, self._words))
        return re.compile(rf"{start}(?:{found})[^\W_]*", re.IGNORECASE)

    def excerpt(self, text: str) -> str:
        """A text of at most `maxWords` words, or several joined by `fragmentDelimiter`."""
        matches = self._matches(text)
        if self._options.highlight_all or self._is_short(text):
            return self._marked(text, 0, len(text), matches)
        if not matches:
            return text[: self._after(text, 0, self._options.min_words)]
        pieces: list[str] = []
        end = -1
        for match in matches:
            if match[0] < end:
                continue
            begin = self._before(text, match[0], int(self._options.max_words * _BEFORE))
            begin = max(begin, end, 0)
            end = self._after(text, begin, self._options.max_words)
            pieces.append(self._marked(text, begin, end, matches).strip())
            if len(pieces) >= max(self._options.max_fragments, 1):
                break
        return self._options.fragment_delimiter.join(pieces)

    def _matches(self, text: str) -> Sequence[tuple[int, int]]:
        if not self._words:
            return ()
        text = text[:LOOKED_AT]
        if text.isascii():
            return self._in_ascii(text)
        plain, places = _plain(text)
        return [(places[match.start()], places[match.end()]) for match in self._pattern.finditer(plain)]

    def _in_ascii(self, text: str) -> list[tuple[int, int]]:
        """What the pattern finds; to make one for each query would take longer than to do without."""
        lower = text.lower()
        starts: list[int] = []
        for word in self._ascii:
            place = lower.find(word)
            while place >= 0:
                if not place or not lower[place - 1].isalnum() or (text[place - 1].islower() and text[place].isupper()):
                    starts.append(place)
                place = lower.find(word, place + 1)
        found: list[tuple[int, int]] = []
        end = 0
        for start in sorted(set(starts)):
            if start >= end:
                rest = _REST.match(text, start)
                assert rest is not None
                end = rest.end()
                found.append((start, end))
        return found

    def _is_short(self, text: str) -> bool:
        most = self._options.max_words
        return len(text) <= most * _SPAN and len(text.split(None, most)) <= most

    def _before(self, text: str, place: int, words: int) -> int:
        """Where the text starts that holds so many words before a place."""
        first = max(place - words * _SPAN, 0)
        starts = [match.start() for match in _WORD.finditer(text, first, place)]
        if first and starts:
            starts = starts[1:]
        return starts[-words] if 0 < words <= len(starts) else (starts[0] if starts else place)

    def _after(self, text: str, place: int, words: int) -> int:
        """Where the text ends that holds so many words from a place on."""
        end = place
        for count, match in enumerate(_WORD.finditer(text, place, place + words * _SPAN), 1):
            end = match.end()
            if count == words:
                break
        return end

    def _marked(self, text: str, begin: int, end: int, matches: Sequence[tuple[int, int]]) -> str:
        parts: list[str] = []
        done = begin
        for first, last in matches:
            if first < done or last > end:
                continue
            parts += (text[done:first], self._pre, text[first:last], self._post)
            done = last
        return "".join((*parts, text[done:end]))


def _plain(text: str) -> tuple[str, list[int]]:
    """A text without accents, and for each of its characters, and its end, the place in the given one."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character):
            if not unicodedata.combining(part):
                characters.append(part)
                places.append(place)
    places.append(len(text))
    return "".join(characters), places
