"""How Gitiles puts URLs together: `<gitiles>/<project>/+/<ref>/<path>`. Pure. Source: spec/catalog.md §5.4."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin

from app.errors import InputError
from app.interfaces import RepositoryFile
from app.reading.interfaces import (
    RepositoryPlace,
    check_no_traversal,
    is_absolute,
    parse_web_url,
    path_segments,
    quoted_path,
)

MARKS: Final = ("+", "+show", "+doc", "+log", "+archive")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def gitiles_place(url: str, gitiles: str) -> RepositoryPlace:
    """Raises InputError. `ref` is as the URL names it: `refs/heads/<b>`, `refs/tags/<t>`, `HEAD`, a commit or a name.

    `owner` is what comes before the project's last segment, and may be empty.
    """
    segments = [segment for segment in path_segments(parse_web_url(url).path) if segment]
    below = [segment for segment in path_segments(parse_web_url(gitiles).path) if segment]
    if segments[: len(below)] != below or len(segments) == len(below):
        raise InputError(f"{url} is not below {gitiles}")
    segments = segments[len(below) :]
    mark = next((at for at, segment in enumerate(segments) if segment in MARKS), None)
    if mark == 0:
        raise InputError(f"{url} names no project")
    *folders, name = segments[:mark]
    owner, rest = "/".join(folders), segments[mark + 1 :] if mark is not None else []
    if not rest:
        return RepositoryPlace(owner, name, None, "")
    length = 3 if rest[:2] in (["refs", "heads"], ["refs", "tags"]) else 1
    if len(rest) < length:
        raise InputError(f"{url} names no branch")
    return RepositoryPlace(owner, name, "/".join(rest[:length]), "/".join(rest[length:]))


def branch_of(ref: str | None) -> str:
    """The branch's own name."""
    return (ref or "HEAD").removeprefix("refs/heads/")


def is_commit(ref: str | None) -> bool:
    return ref is not None and _COMMIT.fullmatch(ref) is not None


def project_of(place: RepositoryPlace) -> str:
    return f"{place.owner}/{place.name}" if place.owner else place.name


class GerritIntegration:
    """See `app.interfaces.ScmIntegration`. `host` is that of Gitiles, which locations are named by."""

    type = "gerrit"

    def __init__(self, gitiles: str, base: str, *, disable_edit_url: bool = False) -> None:
        self.host = parse_web_url(gitiles).netloc
        self._gitiles = gitiles
        self._base = base
        self._disable_edit_url = disable_edit_url

    def resolve_url(self, url: str, base: str) -> str:
        if is_absolute(url):
            return url
        check_no_traversal(parse_web_url(base).path)
        reference = url.replace("\\", "/")
        if not reference.startswith("/"):
            return urljoin(base, quoted_path(reference))
        place = gitiles_place(base, self._gitiles)
        root = f"{self._gitiles}/{quoted_path(project_of(place))}/+/{quoted_path(place.ref or 'HEAD')}"
        return f"{root}/{quoted_path(reference.lstrip('/'))}"

    def resolve_edit_url(self, url: str) -> str:
        if self._disable_edit_url:
            return url
        place = gitiles_place(url, self._gitiles)
        branch, path = quoted_path(branch_of(place.ref)), quoted_path(place.path)
        project = quoted_path(project_of(place))
        return f"{self._base}/admin/repos/edit/repo/{project}/branch/refs/heads/{branch}/file/{path}"

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            place = gitiles_place(url, self._gitiles)
        except InputError:
            return None
        ref = branch_of(place.ref) if place.ref else None
        return RepositoryFile(self.host, place.owner, place.name, ref, place.path or None)
