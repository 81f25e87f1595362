"""File globs as the reference reads them in URLs and paths: `*`, `**`, `?`, `[…]` and `{a,b}`. Pure.

Semantics are minimatch's with its defaults: `*` and `?` stay within a segment, `**` alone in a segment spans any number
of them, and names that start with a dot are matched only by a pattern that spells the dot. Matching takes time in
proportion to pattern × path, whatever the pattern: it comes from users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from app.errors import InputError

MAX_ALTERNATIVES: Final = 256
"""Patterns that the braces of one glob may expand to."""

_MAGIC = re.compile(r"[*?]|\[[^/\]]+\]|\{[^/{}]*,[^/{}]*\}|\{[^{}]*,[^{}]*\}")
_SIMPLE = re.compile(r"[*?]")

T = TypeVar("T")
P = TypeVar("P")


def is_glob(path: str) -> bool:
    """Whether a path holds a glob in the wide sense: `* ? […] {a,b}`."""
    return _MAGIC.search(path) is not None


def is_simple_glob(path: str) -> bool:
    """Whether a path holds `*` or `?`, the only globs that most hosts' URLs know."""
    return _SIMPLE.search(path) is not None


@dataclass(frozen=True, slots=True)
class _Class:
    """`[a-z]` or `[!a-z]`."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def __contains__(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) is not self.negated


_Token = str | _Class | None
"""A literal character, a class, or None for `?`; a star is the empty text."""
_STAR: Final = ""


class Glob:
    """A compiled pattern. Raises InputError when its braces expand to too many alternatives."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._alternatives = [(_plain_ending(text), _segments(text)) for text in _expand(pattern.lstrip("/"))]

    def matches(self, path: str) -> bool:
        """Whether a path, relative to the pattern's root and with `/` between segments, matches."""
        path = path.lstrip("/")
        return any(
            # Most patterns end in a plain file name, and most paths in a tree do not.
            path.endswith(ending) and _segments_match(segments, path.split("/"))
            for ending, segments in self._alternatives
        )

    @property
    def literal_prefix(self) -> str:
        """The folder that everything matching lies in, without slashes around it; empty for the root."""
        fixed = []
        for segment in self.pattern.lstrip("/").split("/")[:-1]:
            if is_glob(segment) or "{" in segment:
                break
            fixed.append(segment)
        return "/".join(fixed)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Glob:
    return Glob(pattern)


def _expand(pattern: str) -> list[str]:
    """Brace expansion, innermost and leftmost first; braces without a comma are plain text."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        text = waiting.pop()
        found = re.search(r"\{([^{}]*,[^{}]*)\}", text)
        if found is None:
            done.append(text)
        else:
            waiting += [text[: found.start()] + part + text[found.end() :] for part in found[1].split(",")]
        if len(waiting) + len(done) > MAX_ALTERNATIVES:
            raise InputError(f"The glob '{pattern[:100]}' has more than {MAX_ALTERNATIVES} alternatives")
    return done


def _plain_ending(pattern: str) -> str:
    name = pattern.rpartition("/")[2]
    return "" if re.search(r"[*?\[\\]", name) else name


def _segments(pattern: str) -> list[list[_Token] | None]:
    segments: list[list[_Token] | None] = []
    for segment in pattern.split("/"):
        if segment != "**":
            segments.append(_tokens(segment))
        elif not segments or segments[-1] is not None:
            segments.append(None)
    # A closing `**` wants at least one segment.
    return [*segments, [_STAR]] if segments[-1] is None else segments


def _tokens(segment: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(segment):
        character = segment[at]
        closing = segment.find("]", at + 2) if character == "[" else -1
        if character == "*":
            if not tokens or tokens[-1] != _STAR:
                tokens.append(_STAR)
        elif character == "?":
            tokens.append(None)
        elif closing > 0:
            tokens.append(_class(segment[at + 1 : closing]))
            at = closing
        elif character == "\\" and at + 1 < len(segment):
            at += 1
            tokens.append(segment[at])
        else:
            tokens.append(character)
        at += 1
    return tokens


def _class(body: str) -> _Class:
    negated = body[0] in "!^"
    body = body[1:] if negated else body
    ranges = []
    at = 0
    while at < len(body):
        if at + 2 < len(body) and body[at + 1] == "-":
            ranges.append((body[at], body[at + 2]))
            at += 3
        else:
            ranges.append((body[at], body[at]))
            at += 1
    return _Class(tuple(ranges), negated)


def _one(token: _Token, character: str) -> bool:
    return token is None or (character in token if isinstance(token, _Class) else character == token)


def _greedy(
    pattern: Sequence[P],
    items: Sequence[T],
    is_star: Callable[[P], bool],
    matches: Callable[[P, T], bool],
    may_swallow: Callable[[T], bool],
) -> bool:
    """Wildcard matching by two pointers: on a mismatch only the latest star has to give way."""
    p = i = 0
    star, resume = -1, 0
    while i < len(items):
        if p < len(pattern) and is_star(pattern[p]):
            star, resume = p, i
            p += 1
        elif p < len(pattern) and matches(pattern[p], items[i]):
            p += 1
            i += 1
        elif star >= 0 and may_swallow(items[resume]):
            resume += 1
            p, i = star + 1, resume
        else:
            return False
    return all(is_star(part) for part in pattern[p:])


def _segment_matches(tokens: Sequence[_Token], name: str) -> bool:
    if name.startswith(".") and (not tokens or tokens[0] != "."):
        return False
    if not name:
        return not tokens
    return _greedy(tokens, name, lambda token: token == _STAR, _one, lambda _: True)


def _segments_match(pattern: Sequence[list[_Token] | None], segments: list[str]) -> bool:
    return _greedy(
        pattern,
        segments,
        lambda part: part is None,
        lambda part, name: part is not None and _segment_matches(part, name),
        lambda name: not name.startswith("."),
    )
