"""GitHub: `push` and `repository`. Source: GitHub's documentation of webhook events and payloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from catalog.interfaces import ScmPush, ScmRepositoryChange
from plugins.events.translation.files import branch_of, commit_of, net_changes
from plugins.events.translation.payload import Json, at, items, text
from plugins.events.translation.pushes import push

MAX_COMMITS: Final = 2048
"""GitHub names no more commits than this in a push."""


def translate(subtopic: str, body: Json, headers: Mapping[str, str]) -> Sequence[ScmPush | ScmRepositoryChange]:
    if subtopic == "push":
        return _push(body)
    return _repository(body) if subtopic == "repository" else ()


def _push(body: Json) -> Sequence[ScmPush]:
    branch = branch_of(text(body, "ref"))
    page = text(body, "repository", "html_url")
    if branch is None:
        return ()
    commits = items(body, "commits")
    # A forced push also takes away what the old commits had, and those are not named.
    listed = len(commits) < MAX_COMMITS and not at(body, "forced") and not at(body, "created")
    return push(
        urls=[page],
        remotes=[text(body, "repository", key) for key in ("clone_url", "ssh_url", "git_url")] + [page],
        branch=branch,
        default_branch=branch == text(body, "repository", "default_branch"),
        commit=commit_of(text(body, "after")),
        files=net_changes(commits) if listed else None,
        templates=[f"{page}/{view}/{{branch}}/{{path}}" for view in ("blob", "tree")],
    )


def _repository(body: Json) -> Sequence[ScmRepositoryChange]:
    action, page = text(body, "action"), text(body, "repository", "html_url")
    if not page:
        return ()
    base, owner, name = [*page.rsplit("/", 2), "", ""][:3]
    if action == "deleted":
        return [ScmRepositoryChange("deleted", page)]
    if action == "archived":
        return [ScmRepositoryChange("archived", page)]
    if action == "unarchived":
        return [ScmRepositoryChange("unarchived", page)]
    if action == "renamed" and (before := text(body, "changes", "repository", "name", "from")):
        return [ScmRepositoryChange("moved", page, f"{base}/{owner}/{before}")]
    if action == "transferred":
        sender = at(body, "changes", "owner", "from")
        if before := text(sender, "user", "login") or text(sender, "organization", "login"):
            return [ScmRepositoryChange("moved", page, f"{base}/{before}/{name}")]
    if action == "edited" and at(body, "changes", "default_branch"):
        branch = text(body, "repository", "default_branch") or None
        return [ScmRepositoryChange("default-branch", page, default_branch=branch)]
    return ()
