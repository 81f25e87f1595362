"""Texts as words to be found by: the same on both engines, whatever theirs would be.

A word is letters and digits, in lower case, without accents: `Zoë's payments-API` is `zoe s payments api`. Names
written together give their parts too: `paymentsApi` is `paymentsapi payments api`. Chinese and Japanese, which put no
spaces between words, give one word for each character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

MAX_WORD: Final = 64
"""Characters of a word that count: nobody types more of a hash or an encoded key."""
MAX_WORDS: Final = 20_000
"""Distinct words of one text; PostgreSQL holds a megabyte of them."""
_WORD: Final = re.compile(r"[^\W_]+")
_ASCII: Final = re.compile(rf"([a-z0-9]{{1,{MAX_WORD}}})[a-z0-9]*")
_IDEOGRAPH: Final = re.compile("[぀-ヿ㐀-䶿一-鿿豈-﫿]|[^぀-ヿ㐀-䶿一-鿿豈-﫿]+")
_HUMP: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ers", "er", "ed", "es", "ly", "s", "e")
_MIXED: Final = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")


def words_of(text: str) -> list[str]:
    """The words of a text in their order, repetitions included, and no parts of names."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    return [word for piece in _pieces(text) for word in _words(piece)]


def indexed(text: str) -> list[str]:
    """The distinct words by which a text is found, parts of names included."""
    found = dict.fromkeys(words_of(text))
    if _MIXED.search(text):
        for piece in _WORD.findall(text):
            if _MIXED.search(piece):
                found.update(dict.fromkeys(part.lower()[:MAX_WORD] for part in _HUMP.findall(piece)))
    return list(found)[:MAX_WORDS]


def joined(text: str) -> str:
    """A name without what people leave out or write otherwise: equal for `Payments API`, `payments-api`, `PaymentsApi`.

    Empty for a text without words.
    """
    return "".join(words_of(text[:1000]))


def singular(word: str) -> str | None:
    """What an English plural may be the plural of; None for what is none."""
    if len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return None
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1]


def stem(word: str) -> str:
    """What English forms of a word have in common, roughly: `documented` and `documentation` begin with `document`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _pieces(text: str) -> list[str]:
    return _WORD.findall(_plain(text))


def _words(piece: str) -> Iterator[str]:
    # Folding may take characters apart: once more, and only letters and digits stay. Cherokee folds to capitals.
    folded = "".join(character for character in _plain(piece.casefold()).lower() if character.isalnum())
    for part in _IDEOGRAPH.findall(folded):
        yield part[:MAX_WORD]


def _plain(text: str) -> str:
    """Compatible forms, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
