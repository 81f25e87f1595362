"""Globs of catalog rules and locations: `*`, `**`, `?`, `[…]`, `{a,b}`; dots are ordinary, case does not count."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

MAX_PATTERN = 2000
MAX_ALTERNATIVES = 100


@lru_cache(maxsize=1024)
def compile_glob(pattern: str) -> Callable[[str], bool]:
    """A test of whole texts. Stars do not cross a slash, `**` as a whole segment does.

    Raises ValueError for a pattern that is longer than any real one.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError("the pattern is too long")
    expressions = [_expression(one) for one in _braces(pattern)]
    compiled = [re.compile(one, re.IGNORECASE | re.DOTALL) for one in expressions]
    return lambda text: any(one.fullmatch(text) for one in compiled)


def _braces(pattern: str) -> list[str]:
    """`a{b,c}` → `ab`, `ac`. Innermost first; too many alternatives are left as literal text."""
    done = [pattern]
    while True:
        match = next((found for one in done if (found := re.search(r"\{([^{}]*,[^{}]*)\}", one))), None)
        if match is None or len(done) > MAX_ALTERNATIVES:
            return done
        whole = match.string
        done.remove(whole)
        done.extend(whole[: match.start()] + part + whole[match.end() :] for part in match[1].split(","))


def _expression(pattern: str) -> str:
    written: list[str] = []
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        at_start = position == 0 or pattern[position - 1] == "/"
        if at_start and rest.startswith("**/"):
            written.append("(?:[^/]+/)*")
            position += 3
        elif at_start and rest == "**":
            written.append(".*")
            position += 2
        elif rest[0] == "*":
            stars = len(rest) - len(rest.lstrip("*"))
            written.append("[^/]*")
            position += stars
        elif rest[0] == "?":
            written.append("[^/]")
            position += 1
        elif rest[0] == "[" and (match := re.match(r"\[([!^]?)([^\]/]+)\]", rest)):
            inside = match[2].replace("\\", "\\\\").replace("[", "\\[")
            written.append(f"[{'^' if match[1] else ''}{inside}]")
            position += match.end()
        else:
            written.append(re.escape(rest[0]))
            position += 1
    return "".join(written)
