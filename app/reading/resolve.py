"""Relative references in descriptors, made absolute as the reference does. Pure. Source: spec/catalog.md §5.4."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from app.errors import InputError
from app.reading.urls import check_no_traversal

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_SERVER_REPOSITORY = re.compile(r"(?:.*?/)?(?:projects|users)/[^/]+/repos/[^/]+/(?:raw|browse)(?P<file>/.*)?")
_VIEWS: Final = ("blob", "tree", "raw", "src", "edit")
_KEPT: Final = "/:@!$&'()*+,;=~-._[]|^%"
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def is_absolute(url: str) -> bool:
    """Whether a reference names a scheme of its own."""
    return _ABSOLUTE.match(url.strip()) is not None


def file_path_of(path: str) -> str:
    """The part of a host's URL path that is the path of a file in a repository, empty if there is none.

    Knows the forms of the usual hosts: `/o/r/blob/<ref>/…`, `/g/s/p/-/blob/<ref>/…`, `/o/r/src/branch/<ref>/…`,
    `/projects/P/repos/r/browse/…`. A ref is taken for a single segment, as the reference does.
    """
    if server := _SERVER_REPOSITORY.fullmatch(path):
        return (server["file"] or "").lstrip("/")
    segments = path.strip("/").split("/")
    dash = next((at for at in range(2, len(segments)) if segments[at] == "-"), None)
    view = next(
        (at for at in range(dash + 1 if dash else 2, len(segments)) if segments[at] in _VIEWS),
        None,
    )
    if view is None or (dash is not None and view != dash + 1):
        return ""
    after = view + 2
    if segments[view] in ("src", "raw") and segments[view + 1 : view + 2] in (["branch"], ["tag"], ["commit"]):
        after += 1
    return "/".join(segments[after:])


def default_resolve_url(url: str, base: str) -> str:
    """A reference relative to the URL of the descriptor that holds it.

    Absolute ones stay as they are; `/x` starts at the repository's root; everything else is ordinary resolution on the
    same host. The base's query is kept.

    Raises:
        InputError: the base hides dot segments, or the reference would lead to another host.
    """
    if is_absolute(url):
        return url
    parts = urlsplit(base)
    if not parts.scheme or not parts.netloc:
        raise InputError(f"'{base}' is not an absolute URL")
    check_no_traversal(parts.path)
    # As browsers do: tabs and line ends vanish, backslashes are slashes. "\\host" must not become another host.
    reference = re.sub(r"[\t\r\n]", "", url.strip("\x00\x01\x02 \t\r\n")).replace("\\", "/")
    if reference.startswith("/"):
        file_path = file_path_of(parts.path)
        trimmed = parts.path.rstrip("/") if file_path else parts.path
        root = trimmed[: len(trimmed) - len(file_path)].rstrip("/")
        path = root + reference.partition("#")[0].partition("?")[0]
    else:
        path = urlsplit(urljoin(parts._replace(query="", fragment="").geturl(), reference)).path
    return urlunsplit((parts.scheme.lower(), _host(parts.scheme, parts.netloc), _encoded(path), parts.query, ""))


def _host(scheme: str, netloc: str) -> str:
    return netloc.lower().removesuffix(_DEFAULT_PORTS.get(scheme.lower(), "\x00"))


def _encoded(path: str) -> str:
    return quote(path or "/", safe=_KEPT)
