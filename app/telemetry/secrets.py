"""Keeps secrets of the configuration out of the logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote, urlsplit

MASK: Final = "***"
_NAMES: Final = re.compile(
    r"token|secret|password|passwd|private_?key|access_?key|account_?key|api_?key|connection_?string|authorization"
    r"|credential|signing_?key",
    re.IGNORECASE,
)
_SHORTEST: Final = 5
"""Characters; shorter values would mask ordinary words."""


def secrets_of(config: Any, *, named: bool = False) -> Iterator[str]:
    """Texts at keys that sound secret, and passwords within URLs."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield from secrets_of(value, named=named or bool(_NAMES.search(str(key))))
    elif isinstance(config, list):
        for value in config:
            yield from secrets_of(value, named=named)
    elif isinstance(config, str):
        if named:
            yield config
        elif "://" in config:
            yield from _password(config)


def _password(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)


class Redactor:
    """Replaces secrets in a text."""

    def __init__(self, secrets: Iterator[str]) -> None:
        known = {part for secret in secrets for part in (secret.strip(), *secret.split("\n")) if len(part) >= _SHORTEST}
        # The longest first: one secret may begin with another.
        ordered = sorted(known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)
