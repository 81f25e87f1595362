"""What every publishing action does, for plugins too: a folder of the workspace becomes a commit somewhere.

Public: plugins of vendors build their actions on it. Source: spec/scaffolder.md §5.0.
"""

from scaffolder.publishing.commits import CommitDefaults, commit_defaults
from scaffolder.publishing.pushing import Pushing
from scaffolder.publishing.tree import WorkspaceFile, workspace_files

__all__ = ["CommitDefaults", "Pushing", "WorkspaceFile", "commit_defaults", "workspace_files"]
