"""JSON as GitHub's REST API and webhooks write it: the members that anybody here reads, under their names."""

from __future__ import annotations

from typing import Any

from tests.plugins.github.fake.world import Account, InstallationOf, Repo, Team, World

Json = Any
WHEN = "2026-01-01T00:00:00Z"


def account(world: World, one: Account) -> Json:
    """A "simple user"."""
    return {
        "login": one.login,
        "id": one.id,
        "node_id": one.node_id,
        "avatar_url": f"{world.url}/avatars/{one.id}",
        "url": f"{world.url}/api/v3/users/{one.login}",
        "html_url": f"{world.url}/{one.login}",
        "type": one.type,
        "site_admin": False,
    }


def full_account(world: World, one: Account) -> Json:
    suspended = {"suspended_at": WHEN if one.suspended else None} if one.type == "User" else {}
    return {
        **account(world, one),
        "name": one.name,
        "email": one.email,
        "bio": one.bio,
        "created_at": WHEN,
        **suspended,
    }


def repository(world: World, one: Repo) -> Json:
    api, page = f"{world.url}/api/v3/repos/{one.full_name}", f"{world.url}/{one.full_name}"
    settings = one.settings.get("settings", {})
    return {
        "id": one.id,
        "node_id": f"R_{one.id}",
        "name": one.name,
        "full_name": one.full_name,
        "private": one.visibility != "public",
        "visibility": one.visibility,
        "owner": account(world, one.owner),
        "html_url": page,
        "url": api,
        "clone_url": f"{world.clones or world.url}/{one.full_name}.git",
        "ssh_url": f"git@{world.url.partition('//')[2]}:{one.full_name}.git",
        "git_url": f"git://{world.url.partition('//')[2]}/{one.full_name}.git",
        "description": one.description,
        "homepage": one.homepage,
        "fork": one.fork,
        "archived": one.archived,
        "disabled": False,
        "topics": one.topics,
        "default_branch": one.default_branch,
        "language": max(one.languages, key=lambda name: one.languages[name], default=None),
        "size": 1 if one.branches else 0,
        "has_issues": True,
        "has_projects": True,
        "has_wiki": True,
        "archive_url": f"{api}/{{archive_format}}{{/ref}}",
        "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
        "pushed_at": WHEN,
        "created_at": WHEN,
        "updated_at": WHEN,
        **settings,
    }


def team(world: World, one: Team) -> Json:
    return {
        "id": one.id,
        "node_id": f"T_{one.id}",
        "name": one.name,
        "slug": one.slug,
        "description": one.description,
        "privacy": "closed",
        "permission": "pull",
        "url": f"{world.url}/api/v3/organizations/{one.org.id}/team/{one.id}",
        "html_url": f"{world.url}/orgs/{one.org.login}/teams/{one.slug}",
        "parent": team(world, one.parent) if one.parent else None,
    }


def installation(world: World, one: InstallationOf) -> Json:
    return {
        "id": one.id,
        "account": account(world, one.account),
        "app_id": one.app.id,
        "app_slug": one.app.slug,
        "target_type": one.account.type,
        "target_id": one.account.id,
        "repository_selection": "all",
        "permissions": {"contents": "write", "members": "read", "metadata": "read"},
        "events": ["push", "repository"],
        "suspended_at": WHEN if one.suspended else None,
        "suspended_by": {"login": "admin"} if one.suspended else None,
    }
