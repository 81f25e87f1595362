"""Webhooks in neutral terms. Source: spec/catalog.md §6.4 (SCM events)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.interfaces import ScmPush, ScmRepositoryChange
from plugins.events.settings import EventsSettings, IntegrationSettings
from plugins.events.sources import sources
from plugins.events.translation.files import Files, net_changes, spelled
from tests.plugins.events import payloads
from tests.plugins.events.payloads import NEW, NONE

TOPICS = ["github", "gitlab", "bitbucketCloud", "bitbucketServer", "gitea", "azureDevOps", "gerrit", "git"]
INTEGRATIONS = {
    "bitbucketServer": [{"host": "bitbucket.example"}],
    "gerrit": [{"host": "gerrit.example", "gitilesBaseUrl": "https://gerrit.example/gitiles",
                "cloneUrl": "https://clone.example"}],
}  # fmt: skip
SOURCES = sources(
    EventsSettings.model_validate({"http": {"topics": TOPICS}}), IntegrationSettings.model_validate(INTEGRATIONS)
)


def translated(topic: str, subtopic: str, body: Any, **headers: str) -> Sequence[ScmPush | ScmRepositoryChange]:
    return SOURCES[topic].translate(subtopic, body, {k.replace("_", "-"): v for k, v in headers.items()})


def one_push(topic: str, subtopic: str, body: Any) -> ScmPush:
    (push,) = translated(topic, subtopic, body)
    assert isinstance(push, ScmPush)
    return push


def first(urls: Sequence[Sequence[str]]) -> list[str]:
    return [spellings[0] for spellings in urls]


def test_a_push_to_github() -> None:
    assert one_push("github", "push", payloads.github_push()) == ScmPush(
        repository_urls=("https://github.com/acme/one",),
        remotes=(
            "https://github.com/acme/one.git",
            "git@github.com:acme/one.git",
            "git://github.com/acme/one.git",
            "https://github.com/acme/one",
        ),
        branch="main",
        default_branch=True,
        added=(("https://github.com/acme/one/blob/main/new.yaml", "https://github.com/acme/one/tree/main/new.yaml"),),
        modified=(
            (
                "https://github.com/acme/one/blob/main/catalog-info.yaml",
                "https://github.com/acme/one/tree/main/catalog-info.yaml",
            ),
        ),
        removed=(("https://github.com/acme/one/blob/main/old.yaml", "https://github.com/acme/one/tree/main/old.yaml"),),
        commit=NEW,
        complete=True,
    )


@pytest.mark.parametrize(
    "changes",
    [{"forced": True}, {"created": True}, {"after": NONE, "deleted": True, "commits": []},
     {"commits": [{"id": NEW, "added": [], "removed": [], "modified": ["a"]}] * 2048},
     {"commits": [{"id": NEW}]},
     {"commits": [{"added": [f"f{n}" for n in range(10_001)], "removed": [], "modified": []}]}],
)  # fmt: skip
def test_a_push_that_does_not_name_all_files_says_so(changes: dict[str, Any]) -> None:
    push = one_push("github", "push", payloads.github_push(**changes))
    assert (push.complete, push.added, push.modified, push.removed) == (False, (), (), ())
    assert push.commit == (None if changes.get("deleted") else NEW)


def test_tags_are_of_no_interest() -> None:
    assert translated("github", "push", payloads.github_push(ref="refs/tags/v1")) == ()
    assert translated("gitlab", "push", payloads.gitlab_push(ref="refs/tags/v1")) == ()
    assert translated("git", "push", payloads.git_push(ref="refs/tags/v1")) == ()


def test_another_branch_is_not_the_default_one() -> None:
    push = one_push("github", "push", payloads.github_push(ref="refs/heads/feature/x"))
    assert (push.branch, push.default_branch) == ("feature/x", False)
    assert first(push.added) == ["https://github.com/acme/one/blob/feature/x/new.yaml"]


URL = "https://github.com/acme/one"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (payloads.github_repository("deleted"), ScmRepositoryChange("deleted", URL)),
        (payloads.github_repository("archived"), ScmRepositoryChange("archived", URL)),
        (payloads.github_repository("unarchived"), ScmRepositoryChange("unarchived", URL)),
        (
            payloads.github_repository("renamed", repository={"name": {"from": "zero"}}),
            ScmRepositoryChange("moved", URL, "https://github.com/acme/zero"),
        ),
        (
            payloads.github_repository("transferred", owner={"from": {"organization": {"login": "before"}}}),
            ScmRepositoryChange("moved", URL, "https://github.com/before/one"),
        ),
        (
            payloads.github_repository("transferred", owner={"from": {"user": {"login": "jane"}}}),
            ScmRepositoryChange("moved", URL, "https://github.com/jane/one"),
        ),
        (
            payloads.github_repository("edited", default_branch={"from": "master"}),
            ScmRepositoryChange("default-branch", URL, default_branch="main"),
        ),
        (payloads.github_repository("edited", description={"from": "x"}), None),
        (payloads.github_repository("created"), None),
        (payloads.github_repository("privatized"), None),
        (payloads.github_repository("renamed"), None),
    ],
)
def test_what_becomes_of_a_repository_on_github(body: Any, expected: ScmRepositoryChange | None) -> None:
    assert list(translated("github", "repository", body)) == ([expected] if expected else [])


def test_a_push_to_gitlab() -> None:
    push = one_push("gitlab", "push", payloads.gitlab_push())
    page = "https://gitlab.example/group/sub/project"
    assert push.repository_urls == (page,)
    assert push.remotes == (f"{page}.git", "git@gitlab.example:group/sub/project.git", page)
    assert push.modified[0][:2] == (
        f"{page}/-/blob/main/a/catalog-info.yaml",
        f"{page}/-/tree/main/a/catalog-info.yaml",
    )
    assert (push.default_branch, push.complete, push.commit) == (True, True, NEW)


@pytest.mark.parametrize("changes", [{"total_commits_count": 21}, {"after": NONE}, {"commits": []}])
def test_a_push_to_gitlab_that_does_not_name_all_commits(changes: dict[str, Any]) -> None:
    assert one_push("gitlab", "push", payloads.gitlab_push(**changes)).complete is False


def test_system_hooks_of_gitlab() -> None:
    update = {
        "event_name": "repository_update",
        "project": payloads.gitlab_push()["project"],
        "changes": [{"before": NONE, "after": NEW, "ref": "refs/heads/main"}, {"ref": "refs/tags/v1", "after": NEW}],
    }
    assert one_push("gitlab", "repository_update", update).complete is False
    renamed = {"path_with_namespace": "g/new", "old_path_with_namespace": "g/old"}
    instance = "https://gitlab.example"
    assert translated("gitlab", "project_rename", renamed, x_gitlab_instance=instance) == [
        ScmRepositoryChange("moved", "https://gitlab.example/g/new", "https://gitlab.example/g/old")
    ]
    assert translated("gitlab", "project_destroy", renamed, x_gitlab_instance=instance) == [
        ScmRepositoryChange("deleted", "https://gitlab.example/g/new")
    ]
    assert translated("gitlab", "project_destroy", renamed) == ()


def test_a_push_to_bitbucket_cloud_names_no_files() -> None:
    push = one_push("bitbucketCloud", "repo:push", payloads.bitbucket_cloud_push())
    assert push == ScmPush(
        repository_urls=("https://bitbucket.org/ws/repo",),
        remotes=(
            "https://bitbucket.org/ws/repo.git",
            "https://bitbucket.org/ws/repo",
            "ssh://git@bitbucket.org/ws/repo.git",
        ),
        branch="main",
        default_branch=True,
        commit=NEW,
        complete=False,
    )
    assert translated("bitbucketCloud", "repo:push", payloads.bitbucket_cloud_push(type="tag")) == []


def test_a_branch_that_is_gone_from_bitbucket_cloud() -> None:
    body = payloads.bitbucket_cloud_push()
    body["push"]["changes"][0]["new"] = None
    push = one_push("bitbucketCloud", "repo:push", body)
    assert (push.branch, push.commit, push.complete) == ("main", None, False)


def test_what_becomes_of_a_repository_on_bitbucket() -> None:
    body = {
        **payloads.bitbucket_cloud_push(),
        "changes": {"full_name": {"old": "ws/before", "new": "ws/repo"}},
    }
    moved = ScmRepositoryChange("moved", "https://bitbucket.org/ws/repo", "https://bitbucket.org/ws/before")
    assert translated("bitbucketCloud", "repo:updated", body) == [moved]
    assert translated("bitbucketCloud", "repo:deleted", body) == [
        ScmRepositoryChange("deleted", "https://bitbucket.org/ws/repo")
    ]
    assert translated("bitbucketCloud", "repo:updated", payloads.bitbucket_cloud_push()) == ()
    server = {
        "old": {"slug": "before", "project": {"key": "PROJ"}},
        "new": {"slug": "repo", "project": {"key": "PROJ"}},
    }
    assert translated("bitbucketServer", "repo:modified", server) == [
        ScmRepositoryChange(
            "moved",
            "https://bitbucket.example/projects/PROJ/repos/repo",
            "https://bitbucket.example/projects/PROJ/repos/before",
        )
    ]


def test_a_push_to_a_bitbucket_server() -> None:
    push = one_push("bitbucketServer", "repo:refs_changed", payloads.bitbucket_server_push())
    assert push.repository_urls == ("https://bitbucket.example/projects/PROJ/repos/repo",)
    assert push.remotes == ("https://bitbucket.example/scm/proj/repo.git",)
    assert (push.branch, push.commit, push.complete) == ("main", NEW, False)
    assert one_push("bitbucketServer", "repo:refs_changed", payloads.bitbucket_server_push("DELETE")).commit is None


def test_a_bitbucket_server_that_says_where_it_is() -> None:
    body = payloads.bitbucket_server_push()
    body["repository"]["links"] = {
        "self": [{"href": "https://else.example/ctx/projects/PROJ/repos/repo/browse"}],
        "clone": [{"href": "ssh://git@else.example/proj/repo.git", "name": "ssh"}],
    }
    push = one_push("bitbucketServer", "repo:refs_changed", body)
    assert push.repository_urls == ("https://else.example/ctx/projects/PROJ/repos/repo",)
    assert push.remotes == ("ssh://git@else.example/proj/repo.git", "https://else.example/ctx/scm/proj/repo.git")


def test_a_push_to_gitea() -> None:
    push = one_push("gitea", "push", payloads.gitea_push())
    page = "https://gitea.example/owner/repo"
    assert first(push.modified) == [f"{page}/src/branch/main/catalog-info.yaml"]
    assert (push.added, push.removed, push.complete) == ((), (), True)
    assert one_push("gitea", "push", payloads.gitea_push(total_commits=30)).complete is False
    deleted = {"action": "deleted", "repository": payloads.gitea_push()["repository"]}
    assert translated("gitea", "repository", deleted) == [ScmRepositoryChange("deleted", page)]


@pytest.mark.parametrize(
    "remote", ["https://org@dev.azure.com/org/proj/_git/repo", "https://org.visualstudio.com/proj/_git/repo"]
)
def test_a_push_to_azure_is_known_under_both_names(remote: str) -> None:
    push = one_push("azureDevOps", "git.push", payloads.azure_push(remote))
    assert set(push.repository_urls) == {
        "https://dev.azure.com/org/proj/_git/repo",
        "https://org.visualstudio.com/proj/_git/repo",
    }
    assert (push.branch, push.default_branch, push.complete) == ("main", True, False)


@pytest.mark.parametrize("ref", ["refs/heads/main", "main"])
def test_an_update_on_gerrit(ref: str) -> None:
    push = one_push("gerrit", "ref-updated", payloads.gerrit_update(ref))
    assert push.repository_urls == ("https://gerrit.example/gitiles/web/project",)
    assert push.remotes == ("https://clone.example/web/project",)
    assert (push.branch, push.commit, push.complete) == ("main", NEW, False)
    assert translated("gerrit", "ref-updated", payloads.gerrit_update("refs/changes/01/1/1")) == ()


def test_a_push_to_any_git_server() -> None:
    push = one_push("git", "push", payloads.git_push())
    assert push.remotes == ("https://git.example/team/repo.git", "https://git.example/team/repo")
    assert push.repository_urls == ("https://git.example/team/repo",)
    assert push.modified == (
        (
            "https://git.example/team/repo.git?ref=main&path=/services/a/catalog-info.yaml",
            "https://git.example/team/repo.git?path=/services/a/catalog-info.yaml",
        ),
    )
    bare = {"repository": {"clone_url": "ssh://git@git.example/r.git"}, "ref": "refs/heads/main", "after": NEW}
    assert one_push("git", "push", bare).remotes == ("ssh://git@git.example/r.git", "ssh://git@git.example/r")
    assert one_push("git", "push", bare).complete is False
    assert translated("git", "push", {"ref": "refs/heads/main"}) == []


def test_spellings_are_plain_and_encoded() -> None:
    (urls,) = spelled(["https://h/{branch}/{path}"], "a#b", ["x y.yaml"])
    assert urls == ("https://h/a#b/x y.yaml", "https://h/a%23b/x%20y.yaml")


# -------------------------------------------------------------------------------------------------------- laws


paths = st.sampled_from(["a", "b", "c"])
kinds = st.sampled_from(["added", "modified", "removed"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[set[str], list[dict[str, list[str]]]]:
    """Files that are there at first, and commits that are possible."""
    there = draw(st.sets(paths))
    now, commits = set(there), []
    for _ in range(draw(st.integers(0, 5))):
        commit: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
        for path in draw(st.sets(paths)):
            if path not in now:
                commit["added"].append(path)
                now.add(path)
            elif draw(st.booleans()):
                commit["modified"].append(path)
            else:
                commit["removed"].append(path)
                now.discard(path)
        commits.append(commit)
    return there, commits


@given(histories())
def test_net_changes_are_what_comparing_first_and_last_would_say(
    history: tuple[set[str], list[dict[str, list[str]]]],
) -> None:
    there, commits = history
    now = set(there)
    for commit in commits:
        now = (now | set(commit["added"])) - set(commit["removed"])
    touched = {path for commit in commits for kind in commit.values() for path in kind}
    found = net_changes(commits)
    assert isinstance(found, Files)
    assert set(found.added) == now - there
    assert set(found.removed) == there - now
    assert set(found.modified) == touched & there & now


json = st.recursive(
    st.none()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["refs/heads/main", "main", "BRANCH", "branch", "http://[", "https://h/o/r", "a/b"]),
    lambda children: st.lists(children, max_size=3)
    | st.dictionaries(
        st.sampled_from(["ref", "repository", "project", "commits", "changes", "push", "new", "old", "html_url",
                         "resource", "refUpdates", "refUpdate", "added", "links", "self", "key", "slug", "action",
                         "name", "after", "type", "full_name", "remoteUrl", "web_url"]),
        children, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip
SUBTOPICS = [
    "push", "repository", "repository_update", "project_rename", "project_destroy", "repo:push", "repo:updated",
    "repo:refs_changed", "repo:modified", "git.push", "ref-updated", "ping",
]  # fmt: skip


@given(st.sampled_from(TOPICS), st.sampled_from(SUBTOPICS), json)
def test_no_body_makes_a_translation_fail(topic: str, subtopic: str, body: Any) -> None:
    source = SOURCES[topic]
    source.subtopic({}, body)
    source.delivery_id({}, body)
    for change in source.translate(subtopic, body, {"x-gitlab-instance": "https://gitlab.example"}):
        assert isinstance(change, ScmPush | ScmRepositoryChange)
