"""Globs over workspace paths, as the reference's globby reads them. Pure.

`*` and `?` stay within a segment, `**` alone in a segment spans any number of them, names that start with a dot are
matched like all others, `[…]` and `{a,b}` work as usual. A pattern that names a folder stands for all below it.
Matching takes no more than pattern × path steps, whatever the pattern: patterns come from templates.
Source: spec/scaffolder.md §4.6, §5.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from app.errors import InputError

MAX_ALTERNATIVES: Final = 256
"""Patterns that the braces of one glob may expand to."""
MAX_LENGTH: Final = 4096

_BRACES: Final = re.compile(r"\{([^{}]*,[^{}]*)\}")
Segment = re.Pattern[str] | None
"""None stands for `**`."""


def matcher(pattern: str, *, is_folder: Callable[[str], bool] = lambda _: False) -> Callable[[str], bool]:
    """Whether a path relative to the root, `/`-separated and without `/` at its end, matches.

    Raises InputError: the pattern is too long, or its braces expand to too many.
    """
    patterns = [_segments(f"{one.rstrip('/')}/**" if is_folder(one.rstrip("/")) else one) for one in expand(pattern)]
    return lambda path: any(_matches(segments, path.split("/")) for segments in patterns)


def chosen(patterns: Sequence[str], paths: Iterable[str], *, is_folder: Callable[[str], bool]) -> set[str]:
    """Paths that any pattern matches, less those that a pattern with `!` matches.

    A `!` pattern that stands before all others has no effect, as in the reference.
    """
    wanted: list[Callable[[str], bool]] = []
    refused: list[Callable[[str], bool]] = []
    for pattern in patterns:
        if not pattern.startswith("!"):
            wanted.append(matcher(pattern, is_folder=is_folder))
        elif wanted:
            refused.append(matcher(pattern[1:], is_folder=is_folder))
    return {path for path in paths if any(one(path) for one in wanted) and not any(one(path) for one in refused)}


@lru_cache(maxsize=256)
def expand(pattern: str) -> tuple[str, ...]:
    """The patterns that the braces of one stand for; braces without a comma are plain text."""
    if len(pattern) > MAX_LENGTH:
        raise InputError(f"A glob may have {MAX_LENGTH} characters at most")
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        text = waiting.pop()
        found = _BRACES.search(text)
        if found is None:
            done.append(text)
        else:
            waiting += [text[: found.start()] + part + text[found.end() :] for part in found[1].split(",")]
        if len(waiting) + len(done) > MAX_ALTERNATIVES:
            raise InputError(f"The glob '{pattern[:100]}' has more than {MAX_ALTERNATIVES} alternatives")
    return tuple(done)


@lru_cache(maxsize=1024)
def _segments(pattern: str) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for text in pattern.split("/"):
        if text != "**":
            segments.append(re.compile(_expression(text), re.DOTALL))
        elif not segments or segments[-1] is not None:
            segments.append(None)
    if segments and segments[-1] is None:
        # A closing `**` wants at least one segment.
        segments.append(re.compile(".+", re.DOTALL))
    return tuple(segments)


def _expression(segment: str) -> str:
    """A regular expression of one segment. Each star takes as little as it can and never gives back: one pass."""
    parts: list[str] = [""]
    at = 0
    while at < len(segment):
        character = segment[at]
        closing = segment.find("]", at + 2) if character == "[" else -1
        if character == "*":
            if parts[-1] or len(parts) == 1:
                parts.append("")
        elif character == "?":
            parts[-1] += "."
        elif closing > 0:
            parts[-1] += _class(segment[at + 1 : closing])
            at = closing
        elif character == "\\" and at + 1 < len(segment):
            at += 1
            parts[-1] += re.escape(segment[at])
        else:
            parts[-1] += re.escape(character)
        at += 1
    first, *rest = parts
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}"


def _class(body: str) -> str:
    negated = "^" if body[0] in "!^" else ""
    body = body[1:] if negated else body
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", body)
    try:
        re.compile(f"[{negated}{escaped}]")
    except re.error:
        return re.escape(f"[{body}]")
    return f"[{negated}{escaped}]"


def _matches(pattern: Sequence[Segment], segments: Sequence[str]) -> bool:
    """Two pointers: on a mismatch only the latest `**` has to give way."""
    p = i = 0
    star, resume = -1, 0
    while i < len(segments):
        part = pattern[p] if p < len(pattern) else None
        if p < len(pattern) and part is None:
            star, resume = p, i
            p += 1
        elif part is not None and part.fullmatch(segments[i]):
            p += 1
            i += 1
        elif star >= 0:
            resume += 1
            p, i = star + 1, resume
        else:
            return False
    return all(part is None for part in pattern[p:])
