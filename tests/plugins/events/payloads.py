"""Bodies of webhooks: the members that matter, in the shapes of the senders' public documentation."""

from __future__ import annotations

from typing import Any

OLD, NEW, NONE = "1" * 40, "2" * 40, "0" * 40
Json = dict[str, Any]


def github_push(**changes: Any) -> Json:
    return {
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "created": False,
        "deleted": False,
        "forced": False,
        "repository": {
            "id": 1,
            "full_name": "acme/one",
            "html_url": "https://github.com/acme/one",
            "clone_url": "https://github.com/acme/one.git",
            "ssh_url": "git@github.com:acme/one.git",
            "git_url": "git://github.com/acme/one.git",
            "default_branch": "main",
            "owner": {"login": "acme"},
        },
        "commits": [
            {"id": OLD, "added": ["new.yaml", "gone.yaml"], "removed": [], "modified": ["catalog-info.yaml"]},
            {"id": NEW, "added": [], "removed": ["gone.yaml", "old.yaml"], "modified": ["new.yaml"]},
        ],
        "head_commit": {"id": NEW},
        **changes,
    }


def github_repository(action: str, **changes: Any) -> Json:
    return {"action": action, "repository": github_push()["repository"], "changes": changes}


def gitlab_push(**changes: Any) -> Json:
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": OLD,
        "after": NEW,
        "ref": "refs/heads/main",
        "checkout_sha": NEW,
        "project": {
            "id": 15,
            "name": "Project",
            "web_url": "https://gitlab.example/group/sub/project",
            "git_ssh_url": "git@gitlab.example:group/sub/project.git",
            "git_http_url": "https://gitlab.example/group/sub/project.git",
            "path_with_namespace": "group/sub/project",
            "default_branch": "main",
        },
        "commits": [{"id": NEW, "added": [], "modified": ["a/catalog-info.yaml"], "removed": []}],
        "total_commits_count": 1,
        **changes,
    }


def bitbucket_cloud_push(**new: Any) -> Json:
    return {
        "push": {
            "changes": [
                {
                    "old": {"type": "branch", "name": "main", "target": {"hash": OLD}},
                    "new": {"type": "branch", "name": "main", "target": {"hash": NEW}, **new},
                    "created": False,
                    "closed": False,
                    "forced": False,
                }
            ]
        },
        "repository": {
            "type": "repository",
            "full_name": "ws/repo",
            "name": "repo",
            "links": {"html": {"href": "https://bitbucket.org/ws/repo"}},
        },
    }


def bitbucket_server_push(kind: str = "UPDATE") -> Json:
    return {
        "eventKey": "repo:refs_changed",
        "repository": {"slug": "repo", "id": 1, "project": {"key": "PROJ", "public": False}},
        "changes": [
            {
                "ref": {"id": "refs/heads/main", "displayId": "main", "type": "BRANCH"},
                "refId": "refs/heads/main",
                "fromHash": OLD,
                "toHash": NEW,
                "type": kind,
            },
            {"ref": {"id": "refs/tags/v1", "displayId": "v1", "type": "TAG"}, "toHash": NEW, "type": "ADD"},
        ],
    }


def gitea_push(**changes: Any) -> Json:
    return {
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        # The newest commit comes first.
        "commits": [
            {"id": NEW, "added": [], "removed": ["x.yaml"], "modified": []},
            {"id": OLD, "added": ["x.yaml"], "removed": [], "modified": ["catalog-info.yaml"]},
        ],
        "total_commits": 2,
        "repository": {
            "full_name": "owner/repo",
            "html_url": "https://gitea.example/owner/repo",
            "clone_url": "https://gitea.example/owner/repo.git",
            "ssh_url": "git@gitea.example:owner/repo.git",
            "default_branch": "main",
        },
        **changes,
    }


def azure_push(remote: str = "https://org@dev.azure.com/org/proj/_git/repo") -> Json:
    return {
        "subscriptionId": "00000000-0000-0000-0000-000000000000",
        "id": "03c164c2-8912-4d5e-8009-3707d5f83734",
        "eventType": "git.push",
        "publisherId": "tfs",
        "resource": {
            "commits": [{"commitId": NEW}],
            "refUpdates": [{"name": "refs/heads/main", "oldObjectId": OLD, "newObjectId": NEW}],
            "repository": {
                "name": "repo",
                "project": {"name": "proj"},
                "defaultBranch": "refs/heads/main",
                "remoteUrl": remote,
            },
        },
    }


def gerrit_update(ref: str = "refs/heads/main") -> Json:
    return {
        "type": "ref-updated",
        "submitter": {"name": "A"},
        "refUpdate": {"oldRev": OLD, "newRev": NEW, "refName": ref, "project": "web/project"},
        "eventCreatedOn": 1767225600,
    }


def git_push(**changes: Any) -> Json:
    return {
        "repository": "https://git.example/team/repo.git",
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "default_branch": "main",
        "commits": [{"added": [], "modified": ["services/a/catalog-info.yaml"], "removed": []}],
        **changes,
    }
