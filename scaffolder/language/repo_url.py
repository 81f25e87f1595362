"""Repository URLs as the repository picker writes them: `host?owner=o&repo=r`."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from app.errors import InputError

_FORBIDDEN: Final = re.compile('[\x00-\x20"#%/:<>?@\\[\\\\\\]^`{|}\x7f]')
_REQUIRED: Final = {
    "bitbucketCloud": ("workspace", "project", "repo"),
    "bitbucketServer": ("project", "repo"),
    "azure": ("project", "repo"),
    "gitlab": ("owner", "repo"),
    "gitea": ("repo",),
    "gerrit": ("repo",),
}
_PARAMETERS: Final = ("owner", "repo", "organization", "workspace", "project")

IntegrationType = Callable[[str], str | None]
"""The type of the integration configured for a host (with its port): `github`, `gitlab`, …; None without one."""


@dataclass(frozen=True, slots=True)
class RepoUrl:
    """A repository, by the parts its host needs."""

    host: str
    owner: str | None = None
    repo: str | None = None
    organization: str | None = None
    workspace: str | None = None
    project: str | None = None


def parse_repo_url(text: str, integration_type: IntegrationType) -> RepoUrl:
    """Parse what follows `https://`. Source: spec/scaffolder.md §4.4.

    Raises:
        InputError: not a URL, a host without integration, or a part the integration needs is missing.
    """
    try:
        host, path, query = _split(text)
    except ValueError:
        raise InputError(f"Invalid repo URL passed to publisher, got {text}, TypeError: Invalid URL") from None
    kind = integration_type(host)
    if not kind:
        raise InputError(
            f"No matching integration configuration for host {host}, please check your integrations config"
        )
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, value)
    required = _REQUIRED.get(kind, ("repo", "owner"))
    if kind == "gitlab" and given.get("project", "").strip("/"):
        required = ()
    for name in required:
        if not given.get(name):
            url = f"https://{host}{path}{'?' + query if query else ''}"
            raise InputError(f"Invalid repo URL passed to publisher: {url}, missing {name}")
    return RepoUrl(host, **{name: given[name].strip("/") for name in _PARAMETERS if name in given})


def _split(text: str) -> tuple[str, str, str]:
    """Host, path and query of `https://` + text, by the rules of the WHATWG URL standard.

    Raises:
        ValueError: not a URL.
    """
    cleaned = re.sub("[\t\n\r]", "", text.rstrip("".join(map(chr, range(33)))))
    rest = cleaned.lstrip("/\\").partition("#")[0]
    found = re.match(r"([^/\\?]*)([^?]*)\??(.*)", rest, re.DOTALL)
    authority, path, query = found.groups() if found else ("", "", "")
    host, colon, port = authority.rpartition("@")[2].partition(":")
    if host.startswith("["):
        bracketed, _, port = authority.rpartition("@")[2].rpartition("]")
        host, colon, port = bracketed + "]", port[:1], port[1:]
        if colon not in ("", ":"):
            raise ValueError("port")
    if port and (not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535):
        raise ValueError("port")
    shown = "" if not port or int(port) == 443 else f":{int(port)}"
    path = quote(path.replace("\\", "/"), safe="/%!$&'()*+,;=:@-._~|[]") or "/"
    return _host(host) + shown, path, quote(query, safe="/?%!$&()*+,;=:@-._~|[]{}^`\\")


def _host(text: str) -> str:
    if text.startswith("["):
        return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
    decoded = unquote_to_bytes(text).decode("utf-8", "replace")
    # UnicodeError is a ValueError.
    host = decoded.lower() if decoded.isascii() else decoded.encode("idna").decode("ascii").lower()
    if not host or _FORBIDDEN.search(host):
        raise ValueError("host")
    labels = host.removesuffix(".").split(".")
    if labels[-1].isdigit() or re.fullmatch("0[xX][0-9A-Fa-f]*", labels[-1]):
        return _ipv4(labels)
    return host


def _ipv4(labels: list[str]) -> str:
    if len(labels) > 4:
        raise ValueError("address")
    numbers = [_ipv4_number(label) for label in labels]
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
        raise ValueError("address")
    value = last + sum(number << (8 * (3 - index)) for index, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


def _ipv4_number(label: str) -> int:
    if len(label) > 20:
        raise ValueError("address")
    if label[:2] in ("0x", "0X"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if len(label) > 1 and label[0] == "0" else int(label)
