"""The formats that the reference's schema library enforces; others are taken for granted. Source: §0.4."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Final

from scaffolder.service.patterns import is_pattern

Test = Callable[[str], bool]

_LABEL: Final = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_DATE: Final = r"[0-9]{4}-(?:0[0-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:[01][0-9]|2[0-4]):[0-5][0-9]:(?:[0-5][0-9]|60)"
_ATOM: Final = r"[\w!#$%&'*+\-/=?^`{|}~]+"
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_OCTETS: Final = rf"\[{_OCTET}(?:\.{_OCTET}){{3}}\]"
_TIME_SPAN: Final = r"T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
_DATE_SPAN: Final = r"(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
_POINTER: Final = r"(?:/(?:[^~/]|~[01])*)*"


def _whole(pattern: str, flags: re.RegexFlag = re.ASCII) -> Test:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def _part(pattern: str) -> Test:
    compiled = re.compile(pattern, re.ASCII | re.IGNORECASE)
    return lambda text: compiled.search(text) is not None


def _address(kind: type[IPv4Address] | type[IPv6Address]) -> Test:
    def test(text: str) -> bool:
        try:
            kind(text)
        except (AddressValueError, ValueError):
            return False
        return True

    return test


_hostname: Final = _whole(rf"(?=.{{1,255}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_ipv4: Final = _whole(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_uri: Final = _whole(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S*", re.UNICODE)
_IN_URL: Final = r"[^\s<>\"{}|\\^`]"
_reference: Final = _whole(
    rf"(?:[a-zA-Z][a-zA-Z0-9+.-]*:{_IN_URL}*|(?:(?![:/?#]){_IN_URL})*(?:[/?#]{_IN_URL}*)?)", re.UNICODE
)

FORMATS: Final[Mapping[str, Test]] = {
    "date-time": _whole(rf"{_DATE}[tT ]{_TIME}(?:\.[0-9]+)?(?:[zZ]|[+-][0-5][0-9]:(?:60|[0-5][0-9]))"),
    "date": _whole(_DATE),
    "time": _whole(_TIME),
    "duration": _part(rf"P(?:{_TIME_SPAN}|{_DATE_SPAN}(?:{_TIME_SPAN})?|[0-9]+W)"),
    "email": _whole(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}(?:\.{_LABEL})+|{_OCTETS})"),
    "idn-email": _whole(r"[^\s@]+@[^\s@]+", re.UNICODE),
    "hostname": _hostname,
    "host-name": _hostname,
    "ipv4": _ipv4,
    "ip-address": _ipv4,
    "ipv6": _address(IPv6Address),
    "uri": _uri,
    "iri": _uri,
    "uri-reference": _reference,
    "iri-reference": _reference,
    "uuid": _whole(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "json-pointer": _whole(_POINTER, re.UNICODE),
    "relative-json-pointer": _whole(rf"[0-9]+(?:#|{_POINTER})", re.UNICODE),
    "utc-millisec": _whole(r"\s*[+-]?[0-9]+(?:\.0*)?\s*"),
    "regex": is_pattern,
    "regexp": is_pattern,
    "pattern": is_pattern,
    "phone": _whole(r"\+(?:[0-9] ?){6,14}[0-9]"),
    "alpha": _whole(r"[a-zA-Z]+"),
    "alphanumeric": _whole(r"[a-zA-Z0-9]+"),
}


def conforms(value: Any, name: Any) -> bool:
    """Whether the value is of the format. Anything but text is, and so is everything of a format that is not known."""
    test = FORMATS.get(name) if isinstance(value, str) and isinstance(name, str) else None
    return test is None or test(value)
