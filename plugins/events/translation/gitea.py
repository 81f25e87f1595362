"""Gitea and Forgejo: `push` and `repository`. Source: Gitea's documentation of webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.interfaces import ScmPush, ScmRepositoryChange
from plugins.events.translation.files import branch_of, commit_of, net_changes
from plugins.events.translation.payload import Json, at, items, text
from plugins.events.translation.pushes import push


def translate(subtopic: str, body: Json, headers: Mapping[str, str]) -> Sequence[ScmPush | ScmRepositoryChange]:
    page = text(body, "repository", "html_url")
    if not page:
        return ()
    if subtopic == "repository" and text(body, "action") == "deleted":
        return [ScmRepositoryChange("deleted", page)]
    branch = branch_of(text(body, "ref"))
    if subtopic != "push" or branch is None:
        return ()
    commits = items(body, "commits")
    # Newest first here, and cut off at a configured number.
    listed = bool(commits) and at(body, "total_commits") in (None, len(commits))
    return push(
        urls=[page],
        remotes=[text(body, "repository", key) for key in ("clone_url", "ssh_url")] + [page],
        branch=branch,
        default_branch=branch == text(body, "repository", "default_branch"),
        commit=commit_of(text(body, "after")),
        files=net_changes(reversed(commits)) if listed else None,
        templates=[f"{page}/{view}/branch/{{branch}}/{{path}}" for view in ("src", "raw")],
    )
