"""Inputs that several actions share. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scaffolder.actions.schemas import BOOLEAN, NUMBER, STRING, closed, described, listed, one_of

Fields = Mapping[str, Mapping[str, Any]]
STRINGS: Final = listed(STRING)
TEXTS: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": STRING}
"""An object whose values are texts."""

REPO_URL: Final = described(
    STRING, "The repository's host, owner and name, as the repository picker writes them: host?owner=o&repo=r"
)
TOKEN: Final = described(STRING, "The token to act with, instead of the one of `integrations.github`")

CREATION: Final[Fields] = {
    "description": described(STRING, "Repository description"),
    "homepage": described(STRING, "Repository homepage"),
    "access": described(STRING, "A collaborator, or a team as `<organization>/<team>`, that becomes its admin"),
    "repoVisibility": described(one_of("private", "public", "internal"), "Who may see it. Default: private"),
    "deleteBranchOnMerge": described(BOOLEAN, "Delete the branch of a merged pull request. Default: false"),
    "allowMergeCommit": described(BOOLEAN, "Allow merge commits. Default: true"),
    "allowSquashMerge": described(BOOLEAN, "Allow squash merges. Default: true"),
    "squashMergeCommitTitle": described(
        one_of("PR_TITLE", "COMMIT_OR_PR_TITLE"), "The title of a squashed commit. Default: COMMIT_OR_PR_TITLE"
    ),
    "squashMergeCommitMessage": described(
        one_of("PR_BODY", "COMMIT_MESSAGES", "BLANK"), "The message of a squashed commit. Default: COMMIT_MESSAGES"
    ),
    "allowRebaseMerge": described(BOOLEAN, "Allow rebase merges. Default: true"),
    "allowAutoMerge": described(BOOLEAN, "Allow pull requests to merge by themselves. Default: false"),
    "allowUpdateBranch": described(BOOLEAN, "Offer to bring pull requests up to date. Default: false"),
    "collaborators": described(
        listed(
            {
                "anyOf": [
                    closed(
                        {
                            "access": described(STRING, "The access, such as push, pull, triage, maintain, admin"),
                            "user": described(STRING, "The user's login, or entity ref"),
                        },
                        ["access", "user"],
                    ),
                    closed(
                        {
                            "access": described(STRING, "The access, such as push, pull, triage, maintain, admin"),
                            "team": described(STRING, "The team's slug, or entity ref"),
                        },
                        ["access", "team"],
                    ),
                ]
            }
        ),
        "Users and teams that get access",
    ),
    "hasProjects": described(BOOLEAN, "Whether it has projects. Default: as GitHub has it"),
    "hasWiki": described(BOOLEAN, "Whether it has a wiki. Default: as GitHub has it"),
    "hasIssues": described(BOOLEAN, "Whether it has issues. Default: as GitHub has it"),
    "topics": described(STRINGS, "Topics, lower-cased"),
    "repoVariables": described(TEXTS, "Variables of its workflows"),
    "secrets": described(TEXTS, "Secrets of its workflows"),
    "oidcCustomization": described(
        {
            "type": "object",
            "properties": {
                "useDefault": described(BOOLEAN, "Use the default subject claim"),
                "includeClaimKeys": described(STRINGS, "The claims that make up the subject"),
            },
            "additionalProperties": False,
        },
        "The subject of its workflows' OIDC tokens",
    ),
    "customProperties": described(
        {"type": "object", "additionalProperties": {"anyOf": [STRING, STRINGS]}},
        "Custom properties of an organization's repository",
    ),
    "subscribe": described(BOOLEAN, "Whether the token's user watches it"),
}

_ACTORS: Final[Fields] = {
    "apps": described(STRINGS, "Slugs of apps"),
    "users": described(STRINGS, "Logins of users"),
    "teams": described(STRINGS, "Slugs of teams"),
}

PROTECTION: Final[Fields] = {
    "requireCodeOwnerReviews": described(BOOLEAN, "Code owners have to approve. Default: false"),
    "dismissStaleReviews": described(BOOLEAN, "A push takes approvals back. Default: false"),
    "requiredStatusCheckContexts": described(STRINGS, "Status checks that have to pass. Default: none"),
    "bypassPullRequestAllowances": described(closed(_ACTORS), "Who may go without a pull request"),
    "requiredApprovingReviewCount": described(NUMBER, "How many have to approve, 0 to 6. Default: 1"),
    "restrictions": described(closed(_ACTORS, ["users", "teams"]), "Who may push. Default: all with write access"),
    "requireBranchesToBeUpToDate": described(BOOLEAN, "Branches have to be up to date. Default: true"),
    "requiredConversationResolution": described(BOOLEAN, "Conversations have to be resolved. Default: false"),
    "requireLastPushApproval": described(BOOLEAN, "Somebody else approves the last push. Default: false"),
    "requiredCommitSigning": described(BOOLEAN, "Commits have to be signed. Default: false"),
    "requiredLinearHistory": described(BOOLEAN, "No merge commits. Default: false"),
}

PUSH: Final[Fields] = {
    "defaultBranch": described(STRING, "The branch that is pushed. Default: main"),
    "protectDefaultBranch": described(BOOLEAN, "Protect that branch afterwards. Default: true"),
    "protectEnforceAdmins": described(BOOLEAN, "The protection holds for admins too. Default: true"),
    "gitCommitMessage": described(STRING, "The commit's message. Default: initial commit"),
    "gitAuthorName": described(STRING, "The author's name. Default: Scaffolder"),
    "gitAuthorEmail": described(STRING, "The author's e-mail address. Default: scaffolder@backstage.io"),
    "sourcePath": described(STRING, "The folder of the workspace that becomes the repository's root"),
}

REMOTE_URL: Final = described(STRING, "A URL to the repository")
CONTENTS_URL: Final = described(STRING, "A URL to the root of the repository")
COMMIT_HASH: Final = described(STRING, "The hash of the commit")
