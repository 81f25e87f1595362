"""Azure DevOps: `git.push`. No files are named. Source: Microsoft's documentation of service hook events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from catalog.interfaces import ScmPush
from plugins.events.translation.files import branch_of, commit_of
from plugins.events.translation.payload import Json, at, items, text
from plugins.events.translation.pushes import push


def translate(subtopic: str, body: Json, headers: Mapping[str, str]) -> Sequence[ScmPush]:
    repository = at(body, "resource", "repository")
    pages = _pages(text(repository, "remoteUrl"))
    if subtopic != "git.push" or not pages:
        return ()
    default = text(repository, "defaultBranch")
    return [
        one
        for update in items(body, "resource", "refUpdates")
        if (branch := branch_of(text(update, "name"))) is not None
        for one in push(
            urls=pages,
            remotes=pages,
            branch=branch,
            default_branch=text(update, "name") == default,
            commit=commit_of(text(update, "newObjectId")),
        )
    ]


def _pages(remote: str) -> list[str]:
    """A repository under the names its organisation has: `dev.azure.com/<org>` and `<org>.visualstudio.com`."""
    try:
        parts = urlsplit(remote)
    except ValueError:
        return []
    host = parts.netloc.rpartition("@")[2]
    if not host:
        return []
    pages = [urlunsplit(parts._replace(netloc=host))]
    if host == "dev.azure.com":
        organization, _, rest = parts.path.lstrip("/").partition("/")
        pages.append(f"https://{organization}.visualstudio.com/{rest}")
    elif host.endswith(".visualstudio.com"):
        pages.append(f"https://dev.azure.com/{host.removesuffix('.visualstudio.com')}{parts.path}")
    return pages
