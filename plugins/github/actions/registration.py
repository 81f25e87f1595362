"""All of GitHub's actions, put together."""

from __future__ import annotations

from app.interfaces import PluginHost
from plugins.github.actions.creation import Creation
from plugins.github.actions.deploy_key import GithubDeployKeyCreate
from plugins.github.actions.dispatch import GithubActionsDispatch
from plugins.github.actions.environment import GithubEnvironmentCreate
from plugins.github.actions.issues import GithubIssuesCreate, GithubIssuesLabel
from plugins.github.actions.publish import GithubRepoCreate, GithubRepoPush, PublishGithub
from plugins.github.actions.pull_request import PublishGithubPullRequest
from plugins.github.actions.repository import Repositories
from plugins.github.actions.repository_settings import (
    GithubAutolinksCreate,
    GithubBranchProtectionCreate,
    GithubPagesEnable,
)
from plugins.github.actions.webhook import GithubWebhook
from plugins.github.api.hosts import GithubHosts
from scaffolder.interfaces import Action
from scaffolder.publishing import Pushing, commit_defaults


def github_actions(host: PluginHost, hosts: GithubHosts) -> list[Action]:
    """Settings: `scaffolder.requireScmUserCredentials`, `scaffolder.defaultAuthor`,
    `scaffolder.defaultCommitMessage`."""
    required = bool(host.config.get("scaffolder.requireScmUserCredentials", False))
    repositories = Repositories(hosts, host.reading, require_user_credentials=required)
    defaults, creation, pushing = commit_defaults(host.config), Creation(host.clock), Pushing(host.reading)
    return [
        PublishGithub(repositories, pushing, defaults, creation),
        PublishGithubPullRequest(repositories, defaults),
        GithubRepoCreate(repositories, creation),
        GithubRepoPush(repositories, pushing, defaults),
        GithubIssuesCreate(repositories),
        GithubIssuesLabel(repositories),
        GithubWebhook(repositories),
        GithubActionsDispatch(repositories),
        GithubDeployKeyCreate(repositories),
        GithubEnvironmentCreate(repositories),
        GithubAutolinksCreate(repositories),
        GithubPagesEnable(repositories),
        GithubBranchProtectionCreate(repositories),
    ]
