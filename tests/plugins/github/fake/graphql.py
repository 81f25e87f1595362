"""GraphQL of the fake: GitHub's public schema, answered from the state. What nobody here asks for is null.

Resolvers are members of plain dicts; callables take the arguments.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSchema, execute_sync, extend_schema, parse, validate

from tests.plugins.github.fake.description import graphql_schema
from tests.plugins.github.fake.objects import FOLDER
from tests.plugins.github.fake.routing import Asked, Reply
from tests.plugins.github.fake.world import Account, Repo, Team

if TYPE_CHECKING:
    from tests.plugins.github.fake.server import FakeGithub

Json = Any
MUTATIONS: dict[str, Callable[[FakeGithub, Asked, Json], Json]] = {}
"""Field of `Mutation` → what it does with its input; others add theirs."""


@cache
def _schema() -> GraphQLSchema:
    # Enterprise alone has this one. Source: docs.github.com/enterprise-server, GraphQL objects, User.
    return extend_schema(graphql_schema(), parse("extend type User { suspendedAt: DateTime }"), assume_valid=True)


class RefusedError(GraphQLError):
    """An error with the `type` that GitHub gives it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def answered(github: FakeGithub, asked: Asked) -> Reply:
    body = asked.json
    if asked.who == "anonymous":
        return Reply({"message": "This endpoint requires you to be authenticated."}, 401)
    if github.graphql_exhausted:
        github.graphql_exhausted -= 1
        return Reply({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]})
    document = parse(body["query"])
    wrong = validate(_schema(), document)
    if wrong:
        github.mistakes += [f"GraphQL: {one.message}" for one in wrong]
        return Reply({"errors": [{"message": one.message} for one in wrong]})
    root = _Root(github, asked)
    done = execute_sync(_schema(), document, root.fields(), variable_values=body.get("variables") or {})
    if done.errors:
        errors = [
            {
                **({"type": one.original_error.kind} if isinstance(one.original_error, RefusedError) else {}),
                "path": one.path,
                "message": one.message,
            }
            for one in done.errors
        ]
        return Reply({"data": done.data, "errors": errors})
    return Reply({"data": done.data})


class _Root:
    def __init__(self, github: FakeGithub, asked: Asked) -> None:
        self._github = github
        self._world = github.world
        self._asked = asked

    def fields(self) -> Json:
        mutations = {
            name: (lambda _info, input, run=run: run(self._github, self._asked, input))  # noqa: A006
            for name, run in MUTATIONS.items()
        }
        return {
            "repositoryOwner": lambda _info, login: self._owner(login),
            "organization": lambda _info, login: self._organization(login),
            "user": lambda _info, login: self._named_user(login),
            "repository": self._repository,
            "viewer": lambda _info: self._viewer(),
            "rateLimit": lambda _info, **_: self._rate_limit(),
            **mutations,
        }

    def _rate_limit(self) -> Json:
        headers = self._github.quotas.headers(self._asked.who, "graphql")
        limit, remaining = int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-remaining"])
        return {"cost": 1, "limit": limit, "remaining": remaining, "used": limit - remaining, "nodeCount": 1,
                "resetAt": "2030-01-01T00:00:00Z"}  # fmt: skip

    def _viewer(self) -> Json:
        found = self._github.user_of(self._asked.who)
        if found is None:
            raise RefusedError("FORBIDDEN", "Resource not accessible by integration")
        return self.user(found)

    def _owner(self, login: str) -> Json:
        found = self._world.account(login)
        if found is None:
            return None
        return self.organization(found) if found.type == "Organization" else self.user(found)

    def _organization(self, login: str) -> Json:
        found = self._world.org(login)
        if found is None:
            raise RefusedError("NOT_FOUND", f"Could not resolve to an Organization with the login of '{login}'.")
        return self.organization(found)

    def _named_user(self, login: str) -> Json:
        found = self._world.account(login)
        if found is None or found.type != "User":
            raise RefusedError("NOT_FOUND", f"Could not resolve to a User with the login of '{login}'.")
        return self.user(found)

    def _repository(self, _info: Any, owner: str, name: str, followRenames: bool = True) -> Json:  # noqa: N803
        found = self._world.repo(owner, name)
        if found is None and followRenames:
            found = self._world.repo_by_id(self._world.moved.get(f"{owner}/{name}".lower(), -1))
        if found is None or not self._github.sees(self._asked.who, found):
            raise RefusedError("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return self.repository(found)

    # --------------------------------------------------------------------------------------------------- shapes

    def _account(self, one: Account) -> Json:
        return {
            "id": one.node_id,
            "databaseId": one.id,
            "login": one.login,
            "name": one.name,
            "email": one.email or "",
            "url": f"{self._world.url}/{one.login}",
            "avatarUrl": lambda _info, size=None: f"{self._world.url}/avatars/{one.id}",
            "repositories": lambda _info, **page: connection(
                [self.repository(repo) for repo in self._seen(one)], **page
            ),
            "repository": lambda _info, name, followRenames=True: self._repository(None, one.login, name),  # noqa: N803
        }

    def _seen(self, one: Account) -> list[Repo]:
        repos = [repo for repo in self._world.repos_of(one.login) if repo.id not in self._github.unlisted]
        return sorted((r for r in repos if self._github.sees(self._asked.who, r)), key=lambda repo: repo.id)

    def user(self, one: Account) -> Json:
        return {
            **self._account(one),
            "__typename": "User",
            "bio": one.bio,
            "suspendedAt": "2026-01-01T00:00:00Z" if one.suspended else None,
            "organizationVerifiedDomainEmails": lambda _info, login: list(one.verified_emails),
            "organization": lambda _info, login: (
                self.organization(org)
                if (org := self._world.org(login)) and one in self._world.members_of(login)
                else None
            ),
        }

    def organization(self, one: Account) -> Json:
        members = self._world.members_of(one.login)
        return {
            **self._account(one),
            "__typename": "Organization",
            "description": one.bio,
            "membersWithRole": lambda _info, **page: connection([self.user(member) for member in members], **page),
            "team": lambda _info, slug: self._team_or_none(one.login, slug),
            "teams": lambda _info, first=None, after=None, userLogins=None, **_: connection(  # noqa: N803
                [
                    self.team(team)
                    for team in self._world.teams_of(one.login)
                    if userLogins is None or any(member.login in userLogins for member in team.members)
                ],
                first=first,
                after=after,
            ),
        }

    def _team_or_none(self, org: str, slug: str) -> Json:
        found = self._world.team(org, slug)
        return self.team(found) if found else None

    def team(self, one: Team) -> Json:
        page = f"{self._world.url}/orgs/{one.org.login}/teams/{one.slug}"

        def members(_info: Any, membership: str = "ALL", **given: Json) -> Json:
            found = list(one.members)
            if membership in ("ALL", "CHILD_TEAM"):
                below = [team for team in self._world.teams if team.parent is one]
                found = [] if membership == "CHILD_TEAM" else found
                found += [member for team in below for member in team.members if member not in found]
            return connection([self.user(member) for member in found], **given)

        return {
            "__typename": "Team",
            "id": f"T_{one.id}",
            "databaseId": one.id,
            "slug": one.slug,
            "combinedSlug": f"{one.org.login}/{one.slug}",
            "name": one.name,
            "description": one.description,
            "avatarUrl": lambda _info, size=None: f"{self._world.url}/avatars/t{one.id}",
            "url": page,
            "editTeamUrl": f"{page}/edit",
            "parentTeam": self.team(one.parent) if one.parent else None,
            "members": members,
        }

    def repository(self, one: Repo) -> Json:
        head = one.branches.get(one.default_branch)
        primary = max(one.languages, key=lambda name: one.languages[name], default=None)
        return {
            "__typename": "Repository",
            "id": f"R_{one.id}",
            "databaseId": one.id,
            "name": one.name,
            "nameWithOwner": one.full_name,
            "owner": self._account(one.owner) | {"__typename": one.owner.type},
            "url": f"{self._world.url}/{one.full_name}",
            "description": one.description,
            "isArchived": one.archived,
            "isFork": one.fork,
            "isPrivate": one.visibility != "public",
            "isEmpty": not one.branches,
            "visibility": one.visibility.upper(),
            "repositoryTopics": lambda _info, **page: connection(
                [{"id": f"RT_{topic}", "topic": {"name": topic}, "url": ""} for topic in one.topics], **page
            ),
            "defaultBranchRef": {
                "id": "REF",
                "name": one.default_branch,
                "prefix": "refs/heads/",
                "target": {"__typename": "Commit", "id": f"C_{head}", "oid": head},
            }
            if head
            else None,
            "primaryLanguage": {"id": f"L_{primary}", "name": primary} if primary else None,
            "object": lambda _info, expression=None, oid=None: self._object(one, expression, oid),
        }

    def _object(self, repo: Repo, expression: str | None, oid: str | None) -> Json:
        if expression is None:
            return None
        ref, _, path = expression.partition(":")
        commit = repo.resolve(ref)
        if commit is None:
            return None
        if not path:
            return {"__typename": "Commit", "id": f"C_{commit}", "oid": commit}
        entry = repo.objects.find(repo.objects.tree_of(commit), path)
        if entry is None:
            return None
        if entry.mode == FOLDER:
            return {"__typename": "Tree", "id": f"TR_{entry.sha}", "oid": entry.sha}
        content = repo.objects.blob(entry.sha) or b""
        return {
            "__typename": "Blob",
            "id": f"B_{entry.sha}",
            "oid": entry.sha,
            "byteSize": len(content),
            "text": content.decode("utf-8", "replace"),
        }


def connection(
    items: Sequence[Json], first: int | None = None, after: str | None = None, last: int | None = None, **_: Json
) -> Json:
    """A page of a connection. Raises as GitHub does for none or too large a size."""
    size = first if first is not None else last
    if size is None:
        raise RefusedError("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value.")
    if not 1 <= size <= 100:
        raise RefusedError(
            "EXCESSIVE_PAGINATION", f"Requesting {size} records on the connection exceeds the limit of 100."
        )
    begin = int(base64.b64decode(after).decode().partition(":")[2]) if after else 0
    part = list(items[begin : begin + size])
    end = begin + len(part)
    cursor = base64.b64encode(f"cursor:{end}".encode()).decode()
    info = {
        "hasNextPage": end < len(items),
        "hasPreviousPage": begin > 0,
        "endCursor": cursor if part else None,
        "startCursor": None,
    }
    return {
        "nodes": part,
        "totalCount": len(items),
        "pageInfo": info,
        "edges": [{"node": one, "cursor": cursor} for one in part],
    }
