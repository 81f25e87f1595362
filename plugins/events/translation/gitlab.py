"""GitLab: project and system hooks. Source: GitLab's documentation of webhook events and system hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.interfaces import ScmPush, ScmRepositoryChange
from plugins.events.translation.files import branch_of, commit_of, net_changes
from plugins.events.translation.payload import Json, at, items, text
from plugins.events.translation.pushes import push


def translate(subtopic: str, body: Json, headers: Mapping[str, str]) -> Sequence[ScmPush | ScmRepositoryChange]:
    if subtopic == "push":
        commits = items(body, "commits")
        # At most twenty commits are named, however many there are.
        listed = at(body, "total_commits_count") == len(commits)
        return _push(body, text(body, "ref"), text(body, "after"), commits if listed and commits else None)
    if subtopic == "repository_update":
        return [
            change
            for entry in items(body, "changes")
            for change in _push(body, text(entry, "ref"), text(entry, "after"), None)
        ]
    return _project(subtopic, body, headers.get("x-gitlab-instance", "").rstrip("/"))


def _push(body: Json, ref: str, after: str, commits: list[Json] | None) -> Sequence[ScmPush]:
    branch, page = branch_of(ref), text(body, "project", "web_url")
    if branch is None:
        return ()
    return push(
        urls=[page],
        remotes=[text(body, "project", key) for key in ("git_http_url", "git_ssh_url")] + [page],
        branch=branch,
        default_branch=branch == text(body, "project", "default_branch"),
        commit=commit_of(after),
        files=net_changes(commits) if commits is not None else None,
        templates=[f"{page}{view}/{{branch}}/{{path}}" for view in ("/-/blob", "/-/tree", "/-/raw", "/blob")],
    )


def _project(subtopic: str, body: Json, instance: str) -> Sequence[ScmRepositoryChange]:
    path, before = text(body, "path_with_namespace"), text(body, "old_path_with_namespace")
    if not instance or not path:
        return ()
    if subtopic == "project_destroy":
        return [ScmRepositoryChange("deleted", f"{instance}/{path}")]
    if subtopic in ("project_rename", "project_transfer") and before:
        return [ScmRepositoryChange("moved", f"{instance}/{path}", f"{instance}/{before}")]
    return ()
