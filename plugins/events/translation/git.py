"""The generic webhook, for a post-receive hook of any git server. Described in docs/webhooks.md.

{"repository": "https://git.example.com/team/repo.git", "ref": "refs/heads/main", "before": "…", "after": "…",
 "default_branch": "main", "commits": [{"added": [], "modified": ["catalog-info.yaml"], "removed": []}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.interfaces import ScmPush
from plugins.events.translation.files import branch_of, commit_of, net_changes, without_suffix
from plugins.events.translation.payload import Json, at, items, some, text, texts
from plugins.events.translation.pushes import push


def translate(subtopic: str, body: Json, headers: Mapping[str, str]) -> Sequence[ScmPush]:
    branch = branch_of(text(body, "ref"))
    if branch is None:
        return ()
    named = [text(body, "repository"), text(body, "remote"), *texts(body, "remotes")]
    named += [text(body, "repository", key) for key in ("url", "clone_url", "git_http_url", "ssh_url")]
    remotes = some(named)
    default = text(body, "default_branch") or text(body, "repository", "default_branch")
    commits = items(body, "commits")
    remote = next(iter(remotes), "")
    return push(
        urls=[without_suffix(url) for url in remotes if url.startswith(("https://", "http://"))],
        remotes=[*remotes, *(without_suffix(url) for url in remotes)],
        branch=branch,
        default_branch=branch == default or not default,
        commit=commit_of(text(body, "after")),
        files=net_changes(commits) if commits and not at(body, "forced") else None,
        # As targets of `git` locations name files, with and without the branch.
        templates=[f"{remote}?ref={{branch}}&path=/{{path}}", f"{remote}?path=/{{path}}"],
    )
