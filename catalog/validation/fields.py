"""Formats of single fields. Source: spec/catalog.md §3.1.

All take any value and say whether it is valid. Lengths are those of ASCII texts, as the patterns allow nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from catalog.validation.urls import is_absolute_url

_LABEL = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*").fullmatch
_OBJECT_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]").fullmatch
_TAG = re.compile(r"[a-z0-9:+#]+(?:-[a-z0-9:+#]+)*").fullmatch
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*").fullmatch
_VERSION = re.compile(r"[a-z0-9A-Z]+").fullmatch

MAX_LABEL = 63
MAX_SUBDOMAIN = 253

_JS_SPACE = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


def is_dns_label(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LABEL and _LABEL(value) is not None


def is_dns_subdomain(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_SUBDOMAIN and all(map(is_dns_label, value.split(".")))


def is_object_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LABEL and _OBJECT_NAME(value) is not None


def is_kind(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LABEL and _KIND(value) is not None


def is_api_version(value: Any) -> bool:
    return isinstance(value, str) and _prefixed(value, lambda part: len(part) <= MAX_LABEL and bool(_VERSION(part)))


@lru_cache(maxsize=4096)
def is_qualified_name(value: str) -> bool:
    """A key of a label or an annotation: `[prefix/]name`. The same few keys stand in most entities."""
    return _prefixed(value, is_object_name)


def is_label_value(value: Any) -> bool:
    return value == "" or is_object_name(value)


def is_tag(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LABEL and _TAG(value) is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_filled(value: Any) -> bool:
    """A text that is not blank, as JavaScript trims."""
    return isinstance(value, str) and value.strip(_JS_SPACE) != ""


def is_url(value: Any) -> bool:
    return isinstance(value, str) and is_absolute_url(value)


def _prefixed(value: str, is_valid_name: Callable[[str], bool]) -> bool:
    parts = value.split("/")
    if len(parts) == 1:
        return is_valid_name(parts[0])
    return len(parts) == 2 and is_dns_subdomain(parts[0]) and is_valid_name(parts[1])
