"""What all of these actions have in common."""

from __future__ import annotations

from typing import ClassVar

from plugins.github.actions.repository import GithubRepository, Repositories
from scaffolder.interfaces import Action, ActionContext


class GithubAction(Action):
    """An action on the repository that `repoUrl` names. What it does to the outside happens within checkpoints or may
    happen twice."""

    resumable: ClassVar[bool] = True

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    async def run(self, context: ActionContext) -> None:
        if context.is_dry_run and self.supports_dry_run:
            await self.pretend(context)
        else:
            await self.act(context, await self._repositories.open(context.input))

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        """Do it."""
        raise NotImplementedError

    async def pretend(self, context: ActionContext) -> None:
        """The outputs of a dry run, for an action that supports one."""
