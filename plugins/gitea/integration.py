"""How Gitea puts URLs together. Pure. Source: spec/catalog.md §5.4."""

from __future__ import annotations

from typing import Final

from app.errors import InputError
from app.interfaces import RepositoryFile
from app.reading.interfaces import (
    RepositoryPlace,
    default_resolve_url,
    parse_web_url,
    path_segments,
    quoted,
    quoted_path,
)

VIEWS: Final = ("src", "raw", "_edit")
KINDS: Final = ("branch", "tag", "commit")


def place_of(url: str, base_path: str = "") -> RepositoryPlace:
    """`/owner/repo[/src/branch|tag|commit/<ref>[/<path>]]`. Raises InputError."""
    segments = [segment for segment in path_segments(parse_web_url(url).path) if segment]
    below = [segment for segment in base_path.split("/") if segment]
    if segments[: len(below)] != below or len(segments) < len(below) + 2:
        raise InputError(f"{url} is not the URL of a repository on Gitea")
    owner, name, *rest = segments[len(below) :]
    if len(rest) >= 3 and rest[0] in VIEWS and rest[1] in KINDS:
        return RepositoryPlace(owner, name, rest[2], "/".join(rest[3:]))
    if len(rest) >= 2 and rest[0] in VIEWS:
        return RepositoryPlace(owner, name, rest[1], "/".join(rest[2:]))
    return RepositoryPlace(owner, name.removesuffix(".git"), None, "")


class GiteaIntegration:
    """See `app.interfaces.ScmIntegration`. `base` is where Gitea is, without a trailing slash."""

    type = "gitea"

    def __init__(self, host: str, base: str) -> None:
        self.host = host
        self._base = base
        self._base_path = parse_web_url(base).path

    def resolve_url(self, url: str, base: str) -> str:
        return default_resolve_url(url, base)

    def resolve_edit_url(self, url: str) -> str:
        place = place_of(url, self._base_path)
        repository = f"{self._base}/{quoted(place.owner)}/{quoted(place.name)}"
        return f"{repository}/_edit/{quoted(place.ref or '')}/{quoted_path(place.path)}"

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            place = place_of(url, self._base_path)
        except InputError:
            return None
        return RepositoryFile(self.host, place.owner, place.name, place.ref, place.path or None)
