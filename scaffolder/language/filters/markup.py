"""Filters about HTML."""

import re
from collections.abc import Mapping
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import BuiltinFilter, like, text_of, without_nothing
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import argument
from scaffolder.language.units import WHITESPACE
from scaffolder.language.values import UNDEFINED, SafeText, Value, printed, to_number, truthy

_SPACE: Final = f"[{WHITESPACE}]"
_ENTITIES: Final = {"&": "&amp;", '"': "&quot;", "'": "&#39;", "<": "&lt;", ">": "&gt;", "\\": "&#92;"}
_UNSAFE: Final = re.compile("[&\"'<>\\\\]")
_TAG_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?![a-z0-9_])", re.IGNORECASE | re.ASCII)
_EDGE_SPACES: Final = re.compile("^ +| +$", re.MULTILINE)
_SPACES: Final = re.compile(" +")
_BLANK_LINES: Final = re.compile("\n\n\n+")
_WHITE: Final = re.compile(f"{_SPACE}+")
_BETWEEN_WORDS: Final = re.compile(f"({_SPACE}+)")
_HTTP: Final = re.compile("https?://")
_EMAIL: Final = re.compile(r"[A-Za-z0-9_.!#$%&'*+\-/=?^`{|}~]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE | re.ASCII)
_DOMAIN: Final = re.compile(r"\.(?:org|net|com)(?::|/|$)")
_PASSES: Final = 8
_LINE_ENDS: Final = "\n\r\u2028\u2029"


def escape(value: Value, values: list[Value], meter: Meter) -> Value:
    """With entities for what HTML gives a meaning, unless it is safe already."""
    return value if isinstance(value, SafeText) else force_escape(value, values, meter)


def force_escape(value: Value, values: list[Value], meter: Meter) -> Value:
    """With entities, safe or not."""
    return SafeText(_UNSAFE.sub(lambda found: _ENTITIES[found[0]], printed(value, meter)))


def safe(value: Value, values: list[Value], meter: Meter) -> Value:
    """Marked safe; changes nothing else, since nothing is escaped by itself."""
    return value if isinstance(value, SafeText) else SafeText(printed(value, meter))


def strip_tags(value: Value, values: list[Value], meter: Meter) -> Value:
    """Without tags and comments; white space becomes one space, or with an argument line breaks stay."""
    text = _without_tags(text_of(without_nothing(value)), meter).strip(WHITESPACE)
    if not truthy(argument(values, 0)):
        return like(value, _WHITE.sub(" ", text))
    text = _SPACES.sub(" ", _edge_spaces(text))
    return like(value, _BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n")))


def urlize(value: Value, values: list[Value], meter: Meter) -> Value:
    """With links for what looks like an address."""
    length = _link_length(argument(values, 0), meter)
    nofollow = ' rel="nofollow"' if argument(values, 1) is True else ""
    words = _BETWEEN_WORDS.split(text_of(value))
    meter.charge(len(words))
    return "".join([_linked(word, length, nofollow) for word in words])


def _edge_spaces(text: str) -> str:
    # JavaScript's `m` flag knows more line ends than Python's.
    parts = re.split(f"([{_LINE_ENDS}])", text)
    return "".join(part if part in _LINE_ENDS and part else _EDGE_SPACES.sub("", part) for part in parts)


def _without_tags(text: str, meter: Meter) -> str:
    for _ in range(_PASSES):
        meter.text(len(text))
        stripped = _tags_removed(text)
        if stripped == text:
            return text
        text = stripped
    if _tags_removed(text) != text:
        raise failure("striptags input contains excessively nested markup")
    return text


def _tags_removed(text: str) -> str:
    """One pass: every `<name …>`, `</name …>` and `<!-- … -->`."""
    pieces: list[str] = []
    kept = at = 0
    no_end = no_comment_end = False
    while (at := text.find("<", at)) >= 0:
        name = _TAG_NAME.match(text, at + (2 if text.startswith("/", at + 1) else 1))
        end = -1
        if name and not no_end:
            end = text.find(">", name.end())
            no_end = end < 0
            width = 1
        elif not name and text.startswith("!--", at + 1) and not no_comment_end:
            end = text.find("-->", at + 4)
            no_comment_end = end < 0
            width = 3
        if end < 0:
            at += 1
            continue
        pieces.append(text[kept:at])
        kept = at = end + width
    return "".join(pieces) + text[kept:]


def _link_length(value: Value, meter: Meter) -> int | None:
    if value is UNDEFINED or value != value:
        return None
    number = to_number(value, meter)
    if number != number or number <= 0:
        return 0
    return None if number == float("inf") else int(number)


def _linked(word: str, length: int | None, nofollow: str) -> str:
    if not word or word[0] in WHITESPACE:
        return word
    address = _address(word)
    shown = address[:length]
    if _HTTP.match(address):
        return f'<a href="{address}"{nofollow}>{shown}</a>'
    if address.startswith("www."):
        return f'<a href="http://{address}"{nofollow}>{shown}</a>'
    if _EMAIL.fullmatch(address):
        return f'<a href="mailto:{address}">{address}</a>'
    if _DOMAIN.search(address):
        return f'<a href="http://{address}"{nofollow}>{shown}</a>'
    return word


def _address(word: str) -> str:
    """The word without one bracket before and one mark after it."""
    start = next((len(mark) for mark in ("(", "<", "&lt;") if word.startswith(mark)), 0)
    rest = word[start:]
    end = next((len(mark) for mark in (".", ",", ")", "&gt;") if rest.endswith(mark)), 0)
    return rest[: len(rest) - end]


MARKUP_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "e": escape,
    "escape": escape,
    "forceescape": force_escape,
    "safe": safe,
    "striptags": strip_tags,
    "urlize": urlize,
}
