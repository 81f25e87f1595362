"""A document as it is stored: its wire form, and what it is found by. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import orjson

from app.interfaces import SearchDocument
from plugins.search.words import MAX_WORDS, indexed, joined

FORMAT: Final = b"2"
"""Part of every hash: another one has all documents written anew."""
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_TITLE_KEY: Final = 200
_USUAL: Final = 100
"""Characters of a member that many documents may have: its owner, its kind. What was made of it is remembered."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is stored of a document. `number` is the id it has to have; None for the next one that is free.

    `title_words` and `text_words` are words to be found by, `marks` what it is found by exactly: type, members, names.
    `names` are title and names as `words.joined` has them.
    """

    key: str
    group: str
    resource_ref: str | None
    number: int | None
    title: str
    names: str
    document: str
    hash: str
    title_words: str
    text_words: str
    marks: str


def entry_of(type: str, document: SearchDocument, number: int | None = None) -> Entry:  # noqa: A002
    """Give a document what it is found by."""
    title = document.title.replace("\0", "")
    own = {"title": title, "text": document.text, "location": document.location}
    wire = {**own, **{name: value for name, value in document.fields.items() if name not in (*own, "authorization")}}
    content = orjson.dumps(wire, option=orjson.OPT_NON_STR_KEYS)
    names = dict.fromkeys([joined(name)[:_TITLE_KEY] for name in (title, *document.names)])
    title_words = dict.fromkeys([word for name in (title, *document.names) for word in indexed(name)])
    title_words.update((name, None) for name in names if name)
    text_words = dict.fromkeys(indexed(document.text))
    for value in _texts(document.fields.values()):
        if len(text_words) >= MAX_WORDS:
            break
        text_words.update(dict.fromkeys(_usual_words(value) if len(value) <= _USUAL else indexed(value)))
    marks = [type_mark(type)]
    for field, value in wire.items():
        if isinstance(value, str) and field not in own and len(value) <= _USUAL:
            marks.append(_usual_mark(field, value))
        else:
            marks += [mark(field, one) for one in _values(value)]
    marks += [name_mark(name) for name in names if name]
    group = document.group or document.key
    identity = orjson.dumps([group, document.resource_ref, document.names, number])
    return Entry(
        key=document.key,
        group=group,
        resource_ref=document.resource_ref,
        number=number,
        title=title,
        names=" ".join(names),
        document=content.decode(),
        hash=blake2b(FORMAT + identity + content, digest_size=16).hexdigest(),
        title_words=" ".join(title_words),
        text_words=" ".join(text_words),
        marks=" ".join(dict.fromkeys(marks)),
    )


def is_link(location: str) -> bool:
    """Whether a browser that follows it stays among pages: a path, or http(s). Never a script.

    What is left out before the scheme is what browsers leave out.
    """
    if location.startswith("/"):
        return True
    scheme = _SCHEME.match(re.sub(r"[\t\r\n]", "", location.lstrip("".join(map(chr, range(33))))))
    return scheme is None or scheme.group(1).lower() in ("http", "https")


def mark(field: str, value: Any) -> str:
    """The word under which documents are found whose member is that value, or a list that holds it."""
    return "m" + _digest(orjson.dumps([field, value], option=orjson.OPT_SORT_KEYS))


@lru_cache(10_000)
def _usual_mark(field: str, value: str) -> str:
    return mark(field, value)


@lru_cache(10_000)
def _usual_words(value: str) -> tuple[str, ...]:
    return tuple(indexed(value))


@lru_cache(100)
def type_mark(type: str) -> str:  # noqa: A002
    return "t" + _digest(type.encode())


def name_mark(name: str) -> str:
    """`name` as `words.joined` gives it."""
    return "n" + _digest(name.encode())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=10).hexdigest()


def _values(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """All texts among the values, however deep."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value.values())
        elif isinstance(value, list | tuple):
            yield from _texts(value)
