"""A repository as GitHub's GraphQL and its webhooks tell of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from plugins.github.api.errors import GithubUnavailableError

Json = Any

FRAGMENT: Final = """
fragment repository on Repository {
  id
  name
  url
  owner { login }
  isArchived
  isFork
  visibility
  repositoryTopics(first: 100) { nodes { topic { name } } }
  defaultBranchRef { name }
  catalogInfoFile: object(expression: $catalogPathRef) { __typename ... on Blob { oid byteSize } }
}
"""
REPOSITORIES: Final = (
    """
query repositories($org: String!, $catalogPathRef: String!, $cursor: String, $size: Int!) {
  rateLimit { cost limit remaining resetAt }
  repositoryOwner(login: $org) {
    repositories(first: $size, after: $cursor) {
      nodes { ...repository }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + FRAGMENT
)


@dataclass(frozen=True, slots=True)
class Repository:
    """`default_branch` is None for an empty one; `file` is the blob of a plain catalogPath, if that was asked for;
    `has_file` whether there is one with content, None where nobody knows."""

    owner: str
    name: str
    url: str
    default_branch: str | None
    archived: bool = False
    fork: bool = False
    visibility: str = "public"
    topics: frozenset[str] = frozenset()
    has_file: bool | None = None
    file: str | None = None

    @property
    def slug(self) -> str:
        """Lower case: GitHub's names are one whatever their case."""
        return f"{self.owner}/{self.name}".lower()


def from_graphql(node: Json) -> Repository:
    """Raises GithubUnavailableError for a node that is not whole."""
    try:
        branch, file = node["defaultBranchRef"], node["catalogInfoFile"]
        is_blob = file is not None and file["__typename"] == "Blob"
        return Repository(
            owner=node["owner"]["login"],
            name=node["name"],
            url=node["url"],
            default_branch=branch["name"] if branch else None,
            archived=node["isArchived"],
            fork=node["isFork"],
            visibility=str(node["visibility"]).lower(),
            topics=frozenset(one["topic"]["name"] for one in node["repositoryTopics"]["nodes"]),
            has_file=bool(is_blob and file["byteSize"]),
            file=file["oid"] if is_blob else None,
        )
    except (KeyError, TypeError) as error:
        raise GithubUnavailableError(f"GitHub told a repository without its {error}") from error


def from_webhook(body: Json) -> Repository | None:
    """The repository that a delivery is about; None for one that makes no sense."""
    try:
        return Repository(
            owner=body["owner"]["login"],
            name=body["name"],
            url=body["html_url"],
            default_branch=body.get("default_branch") or None,
            archived=bool(body.get("archived")),
            fork=bool(body.get("fork")),
            visibility=str(body.get("visibility") or ("private" if body.get("private") else "public")),
            topics=frozenset(body.get("topics") or ()),
        )
    except (KeyError, TypeError, AttributeError):
        return None
