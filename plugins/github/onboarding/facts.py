"""What is known of a repository before it has a descriptor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from plugins.github.api.client import GithubApi
from plugins.github.api.errors import GithubConflictError, GithubForbiddenError, GithubNotFoundError

CODEOWNERS: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""In the order in which GitHub looks. Source: docs.github.com, "About code owners"."""
_RIGHTS: Final = ("admin", "maintain", "push")


@dataclass(frozen=True, slots=True)
class Facts:
    """`paths` are all files of the default branch; `teams` slugs with write access, the mightiest first."""

    full_name: str
    name: str
    html_url: str
    default_branch: str
    description: str | None = None
    homepage: str | None = None
    language: str | None = None
    topics: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    truncated: bool = False
    codeowners: str | None = None
    teams: tuple[str, ...] = ()
    package: Mapping[str, Any] = field(default_factory=dict)
    """The content of `package.json`, if there is one."""


async def facts_of(api: GithubApi, repository: Mapping[str, Any]) -> Facts | None:
    """Looks a repository of a listing through; None for an empty one. Two to four requests, most of them conditional.

    Raises GithubError.
    """
    owner, name, branch = repository["owner"]["login"], repository["name"], repository["default_branch"]
    where: dict[str, Any] = {"owner": owner, "repo": name}
    try:
        tree = await api.get(
            "/repos/{owner}/{repo}/git/trees/{tree_sha}",
            query={"recursive": "1"},
            keep=True,
            **where,
            tree_sha=branch,
        )
    except (GithubNotFoundError, GithubConflictError):
        return None
    paths = tuple(sorted(one["path"] for one in tree["tree"] if one["type"] == "blob"))

    async def text(path: str) -> str | None:
        response = await api.send(
            "GET",
            "/repos/{owner}/{repo}/contents/{+path}",
            query={"ref": branch},
            accept="application/vnd.github.raw+json",
            **where,
            path=path,
        )
        return response.text if response.is_success else None

    owners_file = next((path for path in CODEOWNERS if path in paths), None)
    codeowners = await text(owners_file) if owners_file else None
    package = await text("package.json") if "package.json" in paths else None
    return Facts(
        full_name=repository["full_name"],
        name=name,
        html_url=repository["html_url"],
        default_branch=branch,
        description=repository.get("description"),
        homepage=repository.get("homepage"),
        language=repository.get("language"),
        topics=tuple(repository.get("topics") or ()),
        paths=paths,
        truncated=bool(tree.get("truncated")),
        codeowners=codeowners,
        teams=() if codeowners else await _teams(api, where),
        package=_object(package),
    )


async def _teams(api: GithubApi, where: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        teams = await api.all("/repos/{owner}/{repo}/teams", keep=True, **where)
    except (GithubNotFoundError, GithubForbiddenError):
        # A user's repository, or a token that may not see teams.
        return ()
    able = [team for team in teams if team.get("permission") in _RIGHTS]
    return tuple(team["slug"] for team in sorted(able, key=lambda team: _RIGHTS.index(team["permission"])))


def _object(text: str | None) -> Mapping[str, Any]:
    try:
        read = orjson.loads(text or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
