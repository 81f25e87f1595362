"""The workspace as the actions here use it: with all that `SafeFolder` can do."""

from __future__ import annotations

from scaffolder.interfaces import ActionContext
from scaffolder.workspace import SafeFolder


def workspace_of(context: ActionContext) -> SafeFolder:
    workspace = context.workspace
    return workspace if isinstance(workspace, SafeFolder) else SafeFolder(workspace.root)
