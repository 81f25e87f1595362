"""How Azure DevOps puts URLs together: the file is in the query. Pure. Source: spec/catalog.md §5.4."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from app.errors import InputError
from app.interfaces import RepositoryFile
from app.reading.interfaces import (
    RepositoryPlace,
    check_no_traversal,
    is_absolute,
    parse_web_url,
    path_segments,
    plain_path,
)


@dataclass(frozen=True, slots=True)
class AzurePlace:
    """`collection` is empty on dev.azure.com, and holds the leading path of self-hosted servers elsewhere."""

    collection: str
    organization: str
    project: str
    repository: str
    ref: str | None
    path: str

    @property
    def place(self) -> RepositoryPlace:
        return RepositoryPlace(f"{self.organization}/{self.project}", self.repository, self.ref, self.path)


def place_of(url: str) -> AzurePlace:
    """`[/…]/<organization>[/<project>]/_git/<repo>[?path=/<path>][&version=GB<branch>]`. Raises InputError.

    Without a project, it is named like the repository.
    """
    parsed = parse_web_url(url)
    segments = [segment for segment in path_segments(parsed.path) if segment]
    if "_git" not in segments:
        raise InputError(f"{url} is not the URL of a repository on Azure DevOps")
    at = segments.index("_git")
    if at < 1 or len(segments) < at + 2:
        raise InputError(f"{url} is not the URL of a repository on Azure DevOps")
    repository = segments[at + 1]
    organization, project = (segments[at - 2], segments[at - 1]) if at >= 2 else (segments[0], repository)
    query = dict(parse_qsl(parsed.query))
    version = query.get("version", "")
    if version and not version.startswith("GB"):
        raise InputError(f"{url} names no branch: only versions that start with GB are supported")
    given = query.get("path", "").lstrip("/")
    path = plain_path(given) if given else ""
    if path is None:
        raise InputError(f"The path in {url} leads out of the repository")
    # However often it is encoded: who decodes once more must not be led elsewhere.
    check_no_traversal(path)
    return AzurePlace(
        "/".join(segments[: max(at - 2, 0)]), organization, project, repository, version[2:] or None, path
    )


class AzureIntegration:
    """See `app.interfaces.ScmIntegration`."""

    type = "azure"

    def __init__(self, host: str) -> None:
        self.host = host

    def resolve_url(self, url: str, base: str) -> str:
        if is_absolute(url):
            return url
        parts = urlsplit(base)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = query.get("path", "/")
        check_no_traversal(path)
        reference = url.replace("\\", "/").partition("?")[0].partition("#")[0]
        # A reference with two slashes in front is a path here, never another host.
        path = f"/{reference.lstrip('/')}" if reference.startswith("/") else reference
        query["path"] = urlsplit(urljoin(f"https://host{query.get('path', '/')}", path)).path
        return urlunsplit(parts._replace(query=urlencode(query)))

    def resolve_edit_url(self, url: str) -> str:
        return url

    def repository(self, url: str) -> RepositoryFile | None:
        try:
            place = place_of(url).place
        except InputError:
            return None
        return RepositoryFile(self.host, place.owner, place.name, place.ref, place.path or None)
