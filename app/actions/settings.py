"""`backend.actions`: which actions there are for templates and agents. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.actions.model import ActionFilter


class ActionSettings(BaseModel, defer_build=True):
    model_config = {"frozen": True}

    plugin_sources: list[str] | None = Field(default=None, alias="pluginSources")
    """Plugins whose actions may be used; all plugins' where it is absent."""
    filter: ActionFilter = ActionFilter()
    """Which of their actions: rules with a glob `id` over `plugin:name`, and `attributes`; `exclude` wins."""
