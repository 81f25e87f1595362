"""Opens the pull request that proposes a descriptor. Twice is no harm: what is there is found."""

from __future__ import annotations

from typing import Final

from plugins.github.actions.change import changed_tree, commit_at
from plugins.github.actions.repository import GithubRepository
from plugins.github.onboarding.journal import Entry
from plugins.github.onboarding.proposal import Proposal
from scaffolder.publishing import WorkspaceFile

BRANCH: Final = "callboard/catalog-info"
TITLE: Final = "Describe this repository for the software catalog"


async def open_pull_request(
    repository: GithubRepository, proposal: Proposal, base_branch: str, *, branch: str = BRANCH
) -> Entry:
    """Raises GithubError. A pull request that somebody has closed is not opened again."""
    name = repository.full_name
    head = f"{repository.owner}:{branch}"
    pulls = await repository.ask("GET", "/pulls", query={"head": head, "state": "all"})
    if pulls:
        return Entry(name, "there", pulls[0]["html_url"])
    base = await commit_at(repository, base_branch)
    if base is None:
        return Entry(name, "empty")
    file = WorkspaceFile(proposal.filename, proposal.text.encode())
    tree = await changed_tree(repository, base, {proposal.filename: file})
    body = {"message": TITLE, "tree": tree, "parents": [base.sha]}
    sha = (await repository.ask("POST", "/git/commits", body))["sha"]
    if await commit_at(repository, branch) is None:
        await repository.ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
    else:
        # Left by an attempt that got no further.
        await repository.ask("PATCH", "/git/refs/{+ref}", {"sha": sha, "force": True}, ref=f"heads/{branch}")
    made = await repository.ask(
        "POST", "/pulls", {"title": TITLE, "body": description_of(proposal), "head": head, "base": base_branch}
    )
    return Entry(name, "opened", made["html_url"])


def description_of(proposal: Proposal) -> str:
    """What the team reads. Pure."""
    lines = [
        f"With `{proposal.filename}` this repository appears in the software catalog, with its owner, its APIs and its"
        " docs. This is a first guess: please correct what is wrong, and merge it.",
        "",
        "| what | guessed from |",
        "|---|---|",
        *(f"| {what} | {_cell(reason)} |" for what, reason in proposal.reasons.items()),
    ]
    if proposal.doubts:
        lines += ["", "Please look at this:", *(f"- {doubt}" for doubt in proposal.doubts)]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
