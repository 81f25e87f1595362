"""Paths of the API as GitHub's documentation writes them: `/repos/{owner}/{repo}/contents/{+path}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from app.errors import InputError

_PART = re.compile(r"\{(\+?)([a-z_]+)\}")


def expanded(template: str, parts: Mapping[str, Any]) -> str:
    """The path with its parts filled in and encoded; `{+name}` keeps slashes. No part can lead elsewhere.

    Raises InputError for a part that is empty or a dot segment, KeyError for one that is missing.
    """

    def fill(match: re.Match[str]) -> str:
        keeps, name = match.groups()
        value = str(parts[name])
        segments = value.split("/") if keeps else [value]
        if any(segment in ("", ".", "..") for segment in segments):
            raise InputError(f"'{value}' cannot be the {name} of a request to GitHub")
        return "/".join(quote(segment, safe="") for segment in segments)

    return _PART.sub(fill, template)


def with_query(url: str, query: Mapping[str, object] | None) -> str:
    """The URL with parameters; None is left out, truth values are written as GitHub reads them."""
    given = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in (query or {}).items()
        if value is not None
    }
    return f"{url}?{urlencode(given)}" if given else url
