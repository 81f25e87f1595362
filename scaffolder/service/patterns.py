"""JavaScript regular expressions of schemas, matched within a budget: they come from templates."""

from __future__ import annotations

from functools import lru_cache

from app.errors import InputError
from scaffolder.language.errors import LimitError
from scaffolder.language.limits import Limits, Meter
from scaffolder.language.regex.matcher import search
from scaffolder.language.regex.program import Program, compiled
from scaffolder.language.regex.syntax import RegexError


@lru_cache(maxsize=256)
def _program(pattern: str) -> Program:
    return compiled(pattern, "")


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. Raises InputError for no pattern, and one that takes too long."""
    try:
        return search(_program(pattern), text, 0, Meter(Limits())) is not None
    except RegexError as error:
        raise InputError(f"Invalid regular expression: /{pattern}/: {error}") from error
    except LimitError as error:
        raise InputError(f"The regular expression /{pattern}/ takes too long") from error


def is_pattern(text: str) -> bool:
    """Whether the text is a regular expression."""
    try:
        _program(text)
    except RegexError:
        return False
    return True
