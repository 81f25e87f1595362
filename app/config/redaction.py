"""The configuration without its secrets, for people to look at. Pure.

Secret is what a settings model says is one, what has a name that sounds so, and the password within a URL or a
connection text. Where nobody knows a key its name decides: too much is hidden rather than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from app.config.reference import settings_of

SECRET: Final = "<secret>"  # noqa: S105 - what is shown instead of one
_NAMES: Final = re.compile(
    r"token|secret|passw|passphrase|^pass$|private_?key|access_?key|account_?key|api_?key|signing_?key|shared_?key"
    r"|(^|_)key$|keys$|connection_?string|authorization|credential|cookie|signature|^salt$|^dsn$|^pfx$|^headers$",
    re.IGNORECASE,
)
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^/\s:@]*):([^/\s]*)@")
_PARAMETER: Final = re.compile(
    r"((?:password|passwd|pwd|token|secret|sig|access_?key|account_?key|api_?key)\s*=\s*)[^\s;&]+", re.IGNORECASE
)
_TELLS: Final = re.compile(r"text|any|object|secret")
"""Types of settings behind which anything may be; `number` or `duration` hold no secret, whatever they are called."""


def redacted(tree: Any, models: Iterable[tuple[str, type[BaseModel]]]) -> Any:
    """A copy with `<secret>` in place of secrets; keys, lists and everything else as they are."""
    known = {setting.key: setting.type for setting in settings_of(models)}
    secret = [_pattern(key) for key, kind in known.items() if "secret" in kind]
    harmless = [_pattern(key) for key, kind in known.items() if not _TELLS.search(kind)]

    def visit(value: Any, path: tuple[str, ...], hidden: bool) -> Any:
        if isinstance(value, Mapping):
            return {key: visit(below, (*path, str(key)), _hides(str(key), hidden)) for key, below in value.items()}
        if isinstance(value, list):
            return [visit(below, (*path, "[]"), hidden) for below in value]
        if value is None or isinstance(value, bool):
            return value
        if _matches(path, secret) or (hidden and not _matches(path, harmless)):
            return SECRET
        return _without_passwords(value) if isinstance(value, str) else value

    return visit(tree, (), False)


def _hides(key: str, hidden: bool) -> bool:
    return hidden or bool(_NAMES.search(key))


def _pattern(key: str) -> tuple[str, ...]:
    """`a.b[].<name>` as parts, `[]` after what it belongs to and `` for any name."""
    parts: list[str] = []
    for part in key.split("."):
        name, *lists = part.split("[]")
        parts.append("" if name.startswith("<") else name)
        parts += ["[]"] * len(lists)
    return tuple(parts)


def _matches(path: tuple[str, ...], patterns: Iterable[tuple[str, ...]]) -> bool:
    # One value stands for a list of one, in many settings.
    alone = tuple(part for part in path if part != "[]")
    for pattern in patterns:
        wanted = tuple(part for part in pattern if part != "[]")
        if len(wanted) == len(alone) and all(want in ("", part) for want, part in zip(wanted, alone, strict=True)):
            return True
    return False


def _without_passwords(text: str) -> str:
    text = _URL_PASSWORD.sub(rf"\1:{SECRET}@", text)
    return _PARAMETER.sub(rf"\1{SECRET}", text)
