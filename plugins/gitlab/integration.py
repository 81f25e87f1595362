"""How GitLab puts URLs together. Pure. Source: spec/catalog.md §5.4, §5.5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.errors import InputError
from app.interfaces import RepositoryFile
from app.reading.interfaces import RepositoryPlace, default_resolve_url, parse_web_url, path_segments

_VIEW = re.compile(r"/-/(?:blob|tree|edit)/")
VIEWS: Final = ("blob", "tree", "raw", "edit")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a job's artifacts: `/-/jobs/artifacts/<ref>/raw/<path>?job=<job>`."""

    owner: str
    name: str
    ref: str
    path: str
    query: str


def _project(segments: list[str], url: str) -> tuple[str, str]:
    if not segments:
        raise InputError(f"{url} is not the URL of a project on GitLab")
    *groups, name = segments
    return "/".join(groups), name.removesuffix(".git")


def _segments(url: str, base_path: str) -> list[str]:
    segments = [segment for segment in path_segments(parse_web_url(url).path) if segment]
    below = [segment for segment in base_path.split("/") if segment]
    if segments[: len(below)] != below:
        raise InputError(f"{url} is not below the path of its GitLab")
    return segments[len(below) :]


def place_of(url: str, base_path: str = "") -> RepositoryPlace:
    """`/<groups…>/<project>[/-/blob|tree|raw|edit/<ref>[/<path>]]`, the older form without `/-` included.

    Raises InputError.
    """
    segments = _segments(url, base_path)
    dash = next((at for at in range(1, len(segments)) if segments[at] == "-"), None)
    if dash is not None:
        owner, name = _project(segments[:dash], url)
        rest = segments[dash + 1 :]
    else:
        # A project has a group before it, so the third segment is the first that can be a view.
        view = next((at for at in range(2, len(segments)) if segments[at] in VIEWS), len(segments))
        owner, name = _project(segments[:view], url)
        rest = segments[view:]
    if len(rest) < 2 or rest[0] not in VIEWS:
        return RepositoryPlace(owner, name, None, "")
    return RepositoryPlace(owner, name, rest[1], "/".join(rest[2:]))


def artifact_of(url: str, base_path: str = "") -> Artifact | None:
    """The artifact that a URL names, if it names one."""
    segments = _segments(url, base_path)
    if "-" not in segments:
        return None
    dash = segments.index("-")
    rest = segments[dash + 1 :]
    if len(rest) < 5 or rest[:2] != ["jobs", "artifacts"] or rest[3] not in ("raw", "file"):
        return None
    owner, name = _project(segments[:dash], url)
    return Artifact(owner, name, rest[2], "/".join(rest[4:]), parse_web_url(url).query)


class GitlabIntegration:
    """See `app.interfaces.ScmIntegration`."""

    type = "gitlab"

    def __init__(self, host: str, base_path: str = "") -> None:
        self.host = host
        self._base_path = base_path

    def resolve_url(self, url: str, base: str) -> str:
        return default_resolve_url(url, base)

    def resolve_edit_url(self, url: str) -> str:
        return _VIEW.sub("/-/edit/", url, count=1)

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            place = place_of(url, self._base_path)
        except InputError:
            return None
        return RepositoryFile(self.host, place.owner, place.name, place.ref, place.path or None)
