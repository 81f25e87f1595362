"""How GitHub puts URLs together. Pure. Source: spec/catalog.md §5.4."""

from __future__ import annotations

import re
from typing import Final

from app.errors import InputError
from app.interfaces import RepositoryFile
from app.reading.interfaces import RepositoryPlace, default_resolve_url, parse_web_url, path_segments

_VIEW = re.compile(r"//([^/]+)/([^/]+)/([^/]+)/(?:blob|tree|edit)/")
VIEWS: Final = ("blob", "tree", "raw", "edit")


def with_view(url: str, view: str) -> str:
    """The URL with `/blob/`, `/tree/` or `/edit/` replaced."""
    return _VIEW.sub(rf"//\1/\2/\3/{view}/", url, count=1)


def place_of(url: str) -> RepositoryPlace:
    """`/owner/repo[/blob|tree|raw|edit/<ref>[/<path>]]`. Raises InputError."""
    segments = [segment for segment in path_segments(parse_web_url(url).path) if segment]
    if len(segments) < 2:
        raise InputError(f"{url} is not the URL of a repository on GitHub")
    owner, name, *rest = segments
    if len(rest) < 2 or rest[0] not in VIEWS:
        return RepositoryPlace(owner, name.removesuffix(".git"), None, "")
    return RepositoryPlace(owner, name, rest[1], "/".join(rest[2:]))


class GithubIntegration:
    """See `app.interfaces.ScmIntegration`."""

    type = "github"

    def __init__(self, host: str) -> None:
        self.host = host

    def resolve_url(self, url: str, base: str) -> str:
        """Always `/tree/`, absolute URLs included: GitHub redirects it to `/blob/` for files."""
        return with_view(default_resolve_url(url, base), "tree")

    def resolve_edit_url(self, url: str) -> str:
        return with_view(url, "edit")

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            place = place_of(url)
        except InputError:
            return None
        return RepositoryFile(self.host, place.owner, place.name, place.ref, place.path or None)
