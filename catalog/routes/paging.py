"""The `after` cursor and `link` header of `GET /entities`. Source: spec/catalog.md §1.3."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus

from app.errors import InputError

LARGEST: Final = 2**53
"""What JavaScript counts up to; more than any catalog holds."""
_URL_ALPHABET: Final = str.maketrans("-_ ", "+/+")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class Paging:
    """`limit` None means: everything from the offset on."""

    limit: int | None
    offset: int

    def following(self) -> str:
        """The `after` of the next page: base64 of `{"limit": …, "offset": …}`, which clients may take apart."""
        wire = b'{"limit":%d,"offset":%d}' % (self.limit or 0, self.offset + (self.limit or 0))
        return binascii.b2a_base64(wire, newline=False).decode()


def paging_of(query: Mapping[str, Any]) -> Paging | None:
    """How a request wants to be paged; None when it wants everything.

    What `after` says goes before `limit` and `offset`.

    Raises:
        InputError: a limit of zero, or an `after` that is none.
    """
    limit, offset, after = query.get("limit"), query.get("offset"), query.get("after")
    if limit is None and offset is None and after is None:
        return None
    if limit is not None and limit <= 0:
        raise InputError("Invalid limit, must be greater than zero")
    if after is not None:
        said = _decoded(after)
        limit, offset = said.get("limit", limit), said.get("offset", offset)
        # JavaScript tests for an integer, and 2.0 is one.
        for name, value, article in (("limit", limit, "an"), ("offset", offset, "a")):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value % 1):
                raise InputError(f"Malformed after cursor, {name} was not {article} number")
        if limit is not None and limit <= 0:
            raise InputError("Invalid limit, must be greater than zero")
        if offset is not None and offset < 0:
            raise InputError("Invalid offset, must be zero or greater")
    return Paging(None if limit is None else min(int(limit), LARGEST), min(int(offset or 0), LARGEST))


def _decoded(after: str) -> Mapping[str, Any]:
    packed = _NOT_BASE64.sub("", after.translate(_URL_ALPHABET))
    try:
        wire = json.loads(b64decode(packed + "=" * (-len(packed) % 4)), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InputError("Malformed after cursor, could not be parsed") from None
    if wire is None:
        raise InputError("Malformed after cursor, could not be parsed")
    return wire if isinstance(wire, dict) else {}


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def link_header(query_string: bytes, after: str) -> str:
    """The next page as a `link` header: the request's own parameters, spelled as URLSearchParams does."""
    parameters = parse_qsl(query_string.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
    out: list[tuple[str, str]] = []
    placed = False
    for name, value in parameters:
        if name == "after":
            if not placed:
                out.append((name, after))
                placed = True
        elif name != "offset":
            out.append((name, value))
    if not placed:
        out.append(("after", after))
    text = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in out)
    return f'</entities?{text}>; rel="next"'


def _encoded(text: str) -> str:
    """application/x-www-form-urlencoded as browsers write it: `*` stays, `~` does not."""
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")
