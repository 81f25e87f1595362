"""What templates and AI agents may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.actions.model import ActionFilter, RegisteredAction
    from app.interfaces.basics import Json
    from app.interfaces.identity import Principal


class Actions(Protocol):
    """The actions of all plugins: what templates and AI agents may do. Source: spec/ui-backends.md §4.2.

    Each plugin's are served below its mount (`/.backstage/actions/…`). The settings `backend.actions.pluginSources` and
    `filter` say which there are at all; to a caller exist those whose `visibility` they have.
    """

    def add(self, *actions: RegisteredAction) -> None:
        """Raises ValueError for an id that is taken."""

    async def list(
        self, caller: Principal, *, plugin: str | None = None, matching: ActionFilter | None = None
    ) -> list[RegisteredAction]:
        """What the caller may invoke, in the order of registration. Raises NotAllowedError for nobody."""

    async def invoke(
        self,
        action_id: str,
        given: Json,
        caller: Principal,
        *,
        secrets: Mapping[str, Json] | None = None,
        plugin: str | None = None,
        token: str | None = None,
    ) -> Json:
        """The output of `plugin:name`, in the caller's name. `plugin` demands that it is that plugin's; `token` is the
        caller's own.

        Raises:
            NotAllowedError: nobody is calling. NotFoundError: there is no such action for them. InputError: wrong input
                or secrets, or an output that breaks the action's own schema. And what the action raises.
        """
