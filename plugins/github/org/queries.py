"""What is asked of GitHub about people and teams, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

Json = Any

_USER: Final = """
fragment user on User {
  id
  login
  name
  bio
  avatarUrl
  email @include(if: $email)
  organizationVerifiedDomainEmails(login: $org)
  SUSPENDED
}
"""
_TEAM: Final = """
fragment team on Team {
  slug
  combinedSlug
  name
  description
  avatarUrl
  editTeamUrl
  parentTeam { slug }
  members(first: $members, membership: IMMEDIATE) { pageInfo { hasNextPage endCursor } nodes { ...user } }
}
"""


def user_fragment(*, suspended: bool) -> str:
    """`suspended`: ask whether somebody is; only Enterprise knows the field."""
    return _USER.replace("SUSPENDED", "suspendedAt" if suspended else "")


USERS: Final = """
query users($org: String!, $email: Boolean!, $cursor: String, $size: Int!) {
  rateLimit { cost limit remaining resetAt }
  organization(login: $org) {
    membersWithRole(first: $size, after: $cursor) { pageInfo { hasNextPage endCursor } nodes { ...user } }
  }
}
"""
TEAMS: Final = (
    """
query teams($org: String!, $email: Boolean!, $members: Int!, $cursor: String, $size: Int!) {
  rateLimit { cost limit remaining resetAt }
  organization(login: $org) {
    teams(first: $size, after: $cursor) { pageInfo { hasNextPage endCursor } nodes { ...team } }
  }
}
"""
    + _TEAM
)
TEAM: Final = (
    """
query team($org: String!, $slug: String!, $email: Boolean!, $members: Int!) {
  organization(login: $org) { team(slug: $slug) { ...team } }
}
"""
    + _TEAM
)
TEAM_MEMBERS: Final = """
query members($org: String!, $slug: String!, $email: Boolean!, $cursor: String, $size: Int!) {
  organization(login: $org) {
    team(slug: $slug) {
      members(first: $size, after: $cursor, membership: IMMEDIATE) {
        pageInfo { hasNextPage endCursor } nodes { ...user }
      }
    }
  }
}
"""
MEMBER: Final = """
query member($org: String!, $login: String!, $email: Boolean!) {
  user(login: $login) { ...user organization(login: $org) { login } }
}
"""


@dataclass(frozen=True, slots=True)
class Team:
    """A team as GraphQL tells of it, and all its immediate members."""

    data: Json
    members: list[Json] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return str(self.data["slug"])

    @property
    def logins(self) -> set[str]:
        return {str(member["login"]) for member in self.members}


@dataclass(frozen=True, slots=True)
class Organization:
    """All of it."""

    login: str
    users: list[Json]
    teams: list[Team]
