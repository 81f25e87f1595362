"""How Bitbucket puts URLs together, the cloud and the server in their own ways. Pure. Source: spec/catalog.md §5.4."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from app.errors import InputError
from app.interfaces import RepositoryFile
from app.reading.interfaces import RepositoryPlace, default_resolve_url, parse_web_url, path_segments

CLOUD_VIEWS: Final = ("src", "raw")
SERVER_VIEWS: Final = ("browse", "raw")


def cloud_place(url: str) -> RepositoryPlace:
    """`/workspace/repo[/src/<ref>[/<path>]]`. Raises InputError."""
    segments = [segment for segment in path_segments(parse_web_url(url).path) if segment]
    if len(segments) < 2:
        raise InputError(f"{url} is not the URL of a repository on Bitbucket Cloud")
    owner, name, *rest = segments
    if len(rest) < 2 or rest[0] not in CLOUD_VIEWS:
        return RepositoryPlace(owner, name.removesuffix(".git"), None, "")
    return RepositoryPlace(owner, name, rest[1], "/".join(rest[2:]))


def server_place(url: str) -> RepositoryPlace:
    """`[/…]/projects/<key>/repos/<repo>[/browse|raw/<path>][?at=<ref>]`, `/users/<name>/…`, or a clone URL
    `/scm/<key>/<repo>.git`. Raises InputError."""
    parsed = parse_web_url(url)
    segments = [segment for segment in path_segments(parsed.path) if segment]
    ref = dict(parse_qsl(parsed.query)).get("at") or None
    for at, segment in enumerate(segments):
        if segment in ("projects", "users") and segments[at + 2 : at + 3] == ["repos"] and len(segments) > at + 3:
            owner = segments[at + 1] if segment == "projects" else f"~{segments[at + 1]}"
            rest = segments[at + 4 :]
            path = "/".join(rest[1:]) if rest and rest[0] in SERVER_VIEWS else ""
            return RepositoryPlace(owner, segments[at + 3], ref, path)
        if segment == "scm" and len(segments) > at + 2:
            return RepositoryPlace(segments[at + 1], segments[at + 2].removesuffix(".git"), None, "")
    raise InputError(f"{url} is not the URL of a repository on Bitbucket Server")


class _Bitbucket:
    host: str

    def resolve_url(self, url: str, base: str) -> str:
        return default_resolve_url(url, base)

    def _file(self, place: RepositoryPlace) -> RepositoryFile:
        return RepositoryFile(self.host, place.owner, place.name, place.ref, place.path or None)


class BitbucketCloudIntegration(_Bitbucket):
    """See `app.interfaces.ScmIntegration`."""

    type = "bitbucketCloud"

    def __init__(self, host: str) -> None:
        self.host = host

    def resolve_edit_url(self, url: str) -> str:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        query |= {"mode": "edit", "at": cloud_place(url).ref or ""}
        return urlunsplit(parts._replace(query=urlencode(query)))

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            return self._file(cloud_place(url))
        except InputError:
            return None


class BitbucketServerIntegration(_Bitbucket):
    """See `app.interfaces.ScmIntegration`."""

    type = "bitbucketServer"

    def __init__(self, host: str) -> None:
        self.host = host

    def resolve_edit_url(self, url: str) -> str:
        # Bitbucket Server has no links into its editor.
        return url.partition("?")[0]

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            return self._file(server_place(url))
        except InputError:
            return None
