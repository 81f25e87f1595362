"""What is asked for, checked as release 1.55 of the reference checks it. Source: spec/ui-backends.md §6."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.errors import InputError

DEFAULT_LIMIT: Final = 25
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)\Z", re.ASCII)
_OPERATORS: Final = re.compile(r"[\0()|&:*!<\s]")
_LAST_PAGE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """`types` None: all there are. `page` counts from 0."""

    term: str
    types: tuple[str, ...] | None
    filters: Mapping[str, Any]
    page: int
    limit: int

    @property
    def means_everything(self) -> bool:
        """Nothing was typed, or nothing but what search engines take for operators."""
        return not _OPERATORS.sub("", self.term)

    @property
    def next_cursor(self) -> str:
        return page_cursor(self.page + 1)

    @property
    def previous_cursor(self) -> str | None:
        return page_cursor(self.page - 1) if self.page else None


def page_cursor(page: int) -> str:
    return b64encode(str(page).encode()).decode()


def page_of(cursor: str) -> int:
    """0 for what is no cursor. Padding may be missing, as Node lets it."""
    try:
        page = int(b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        return 0
    return page if 0 <= page <= _LAST_PAGE else 0


class RequestParser:
    def __init__(self, *, types: Collection[str], max_term: int, max_limit: int) -> None:
        self._types = types
        self._max_term = max_term
        self._max_limit = max_limit

    def of_query(self, sent: Mapping[str, Any]) -> SearchRequest:
        """A query string's parameters; unknown ones are let through. Raises InputError."""
        problems: list[str] = []
        term = sent.get("term", "")
        if not isinstance(term, str):
            problems.append("request/query/term must be string")
        filters = sent.get("filters", {}) or {}
        if not isinstance(filters, dict):
            problems.append("request/query/filters must be object")
        types = _types(sent.get("types"), problems)
        cursor = sent.get("pageCursor", "")
        if not isinstance(cursor, str):
            problems.append("request/query/pageCursor must be string")
        limit = _integer(sent.get("pageLimit"), problems)
        if problems:
            raise InputError(", ".join(problems))
        return self.checked(term, types, filters, cursor, limit)

    def checked(
        self, term: str, types: list[str] | None, filters: Mapping[str, Any], cursor: str, limit: int | None
    ) -> SearchRequest:
        """Raises InputError for what is too long, too much, or of no known type."""
        issues: list[tuple[str, list[str | int]]] = []
        # Lengths count as JavaScript's do.
        length = len(term.encode("utf-16-le", "surrogatepass")) // 2
        if length > self._max_term:
            issues.append((f'The term length "{length}" is greater than "{self._max_term}"', ["term"]))
        issues += [
            ("Invalid input", ["types", place]) for place, one in enumerate(types or ()) if one not in self._types
        ]
        if limit is not None and limit > self._max_limit:
            issues.append((f'The page limit "{limit}" is greater than "{self._max_limit}"', ["pageLimit"]))
        if issues:
            listed = [{"code": "custom", "message": message, "path": path} for message, path in issues]
            raise InputError(f"Invalid query string: {json.dumps(listed, indent=2, ensure_ascii=False)}")
        return SearchRequest(
            term,
            None if types is None else tuple(dict.fromkeys(types)),
            filters,
            page_of(cursor),
            limit if limit is not None and limit > 0 else DEFAULT_LIMIT,
        )


def _types(sent: Any, problems: list[str]) -> list[str] | None:
    if sent is None:
        return None
    if sent == "":
        problems.append("request/query/types must be array")
        return None
    given = sent if isinstance(sent, list) else [sent]
    problems += [
        f"request/query/types/{place} must be string" for place, one in enumerate(given) if not isinstance(one, str)
    ]
    return given


def _integer(sent: Any, problems: list[str]) -> int | None:
    """JavaScript's idea of a whole number in a text."""
    if sent is None:
        return None
    text = sent.strip() if isinstance(sent, str) else ""
    value = float(text) if _NUMBER.match(text) else math.nan
    if not value.is_integer():
        problems.append("request/query/pageLimit must be integer")
        return None
    return int(value)
