"""Whether a text is an absolute URL to a browser (the WHATWG URL standard), which is what links are checked for."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_PADDING = "".join(map(chr, range(0x21)))
_BREAKS = str.maketrans("", "", "\t\n\r")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp"})

_FORBIDDEN_HOST = frozenset("\0\t\n\r #/:<>?@[\\]^|")
_FORBIDDEN_DOMAIN = _FORBIDDEN_HOST | frozenset("%\x7f") | frozenset(map(chr, range(0x20)))
_MAX_PORT = 65535
_MAX_DIGITS = 40

_HEX = re.compile(r"0x[0-9a-f]*")
_OCTAL = re.compile(r"0[0-7]+")
_DECIMAL = re.compile(r"0|[1-9][0-9]*")


def is_absolute_url(text: str) -> bool:
    """What `new URL(text)` accepts without a base."""
    text = text.strip(_PADDING).translate(_BREAKS)
    match = _SCHEME.match(text)
    if match is None:
        return False
    scheme, rest = match[1].lower(), text[match.end() :]
    if scheme == "file":
        return _is_file_rest(rest)
    if scheme in _SPECIAL:
        authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
        return _is_authority(authority, special=True)
    if not rest.startswith("//"):
        return True
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    return authority == "" or _is_authority(authority, special=False)


def _is_file_rest(rest: str) -> bool:
    slashes = rest.replace("\\", "/")
    if not slashes.startswith("//"):
        return True
    host = re.split(r"[/?#]", slashes[2:], maxsplit=1)[0]
    if host == "" or re.fullmatch(r"[A-Za-z][:|]", host):
        return True
    if host.startswith("["):
        return host.endswith("]") and _is_ipv6(host[1:-1])
    return _is_host(host, special=True)


def _is_authority(authority: str, *, special: bool) -> bool:
    at = authority.rfind("@")
    host = authority[at + 1 :]
    if host.startswith("["):
        address, closed, port = host.partition("]")
        if not closed or not _is_ipv6(address[1:]):
            return False
        return port == "" or (port.startswith(":") and _is_port(port[1:]))
    name, colon, port = host.partition(":")
    if name == "":
        return False
    return (not colon or _is_port(port)) and _is_host(name, special=special)


def _is_port(port: str) -> bool:
    return port == "" or (port.isascii() and port.isdigit() and int(port[:9]) <= _MAX_PORT)


def _is_host(host: str, *, special: bool) -> bool:
    if not special:
        return _FORBIDDEN_HOST.isdisjoint(host)
    domain = unquote_to_bytes(host).decode("utf-8", "replace").lower()
    if "xn--" in domain or not domain.isascii():
        try:
            domain = ".".join(_idna(part) for part in re.split("[.\u3002\uff0e\uff61]", domain))
        except UnicodeError:
            return False
    if domain == "" or not _FORBIDDEN_DOMAIN.isdisjoint(domain):
        return False
    return not _ends_in_number(domain) or _is_ipv4(domain)


def _idna(label: str) -> str:
    """The label in ASCII. Raises UnicodeError for one that has no such form, or is none though it begins like it."""
    if label.startswith("xn--"):
        decoded = label.encode("ascii").decode("idna")
        if decoded.isascii() or decoded.encode("idna").decode("ascii") != label:
            raise UnicodeError(label)
        return label
    return label.encode("idna").decode("ascii") if label else label


def _ends_in_number(domain: str) -> bool:
    parts = domain.split(".")
    if parts[-1] == "":
        parts.pop()
    last = parts[-1] if parts else ""
    return (last.isascii() and last.isdigit()) or _HEX.fullmatch(last) is not None


def _is_ipv4(domain: str) -> bool:
    parts = domain.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    if len(parts) > 4:
        return False
    numbers = [_ipv4_number(part) for part in parts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return False
    return all(number < 256 for number in known[:-1]) and known[-1] < 256 ** (5 - len(known))


def _ipv4_number(part: str) -> int | None:
    """Decimal, octal with a leading 0, hexadecimal with a leading 0x; None for anything else."""
    for pattern, base, skip in ((_HEX, 16, 2), (_OCTAL, 8, 0), (_DECIMAL, 10, 0)):
        if pattern.fullmatch(part):
            return int(part[skip : skip + _MAX_DIGITS] or "0", base)
    return None


def _is_ipv6(address: str) -> bool:
    head, dotted, tail = address.rpartition(":")
    if "." in tail:
        if not dotted or not re.fullmatch(r"(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})", tail):
            return False
        if any(int(part) > 255 for part in tail.split(".")):
            return False
        address = f"{head}:0:0"
    if address.count("::") > 1 or ":::" in address:
        return False
    gap = "::" in address
    groups = [group for half in address.split("::") for group in (half.split(":") if half else [])]
    if not all(re.fullmatch(r"[0-9A-Fa-f]{1,4}", group) for group in groups):
        return False
    return len(groups) <= 7 if gap else len(groups) == 8
