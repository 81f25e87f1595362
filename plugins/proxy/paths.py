"""From the path a client asks for to the one the target is asked for. Pure. Source: spec/ui-backends.md §12."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from app.errors import InputError
from scaffolder.language.limits import Limits, Meter
from scaffolder.language.regex.matcher import search
from scaffolder.language.regex.operations import matches, replaced
from scaffolder.language.regex.program import Program, compiled
from scaffolder.language.regex.syntax import RegexError
from scaffolder.language.units import from_units, to_units

PREFIX: Final = "/api/proxy"
_BROKEN: Final = re.compile(rb"%(?![0-9a-fA-F]{2})")


def belongs(path: str, endpoint: str) -> bool:
    """Whether a raw path is an endpoint's, or below it; in any case, segment by segment."""
    parts, wanted = path.lower().split("/"), endpoint.lower().split("/")
    return parts[: len(wanted)] == wanted


def leads_out(path: str) -> bool:
    """Whether a raw path, decoded, goes up somewhere; or cannot be decoded."""
    raw = path.encode("latin-1")
    try:
        decoded = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return True
    return bool(_BROKEN.search(raw)) or ".." in decoded.replace("\\", "/").split("/")


class Rewriting:
    """`pathRewrite`: the first pattern that matches the whole path, query included, is replaced once.

    Patterns and replacements are JavaScript's, and are run by the engine that the template language has for them.
    """

    def __init__(self, rules: Mapping[str, str] | None, endpoint: str) -> None:
        """Raises InputError for what is no regular expression."""
        if rules is None:
            rules = {f"^{re.escape(PREFIX)}{re.escape(endpoint)}/?": "/"}
        self._rules = [(_program(pattern), to_units(new)) for pattern, new in rules.items()]

    def __call__(self, path: str) -> str:
        text, meter = to_units(path), Meter(Limits())
        for program, new in self._rules:
            if search(program, text, 0, meter) is not None:
                return from_units(replaced(matches(program, "", text, 0, meter), text, new, meter))
        return path


def _program(pattern: str) -> Program:
    try:
        return compiled(to_units(pattern), "")
    except RegexError as error:
        raise InputError(f"'{pattern}' is no regular expression: {error}") from error


def joined(base: str, path: str) -> str:
    """A target's path and a request's, query included: one slash between, doubled ones once."""
    plain, question, query = path.partition("?")
    whole = re.sub("/+", "/", "/".join(part for part in (base, plain) if part))
    return f"/{whole.lstrip('/')}{question}{query}"
