"""`mcpActions`: what the servers call themselves, and which actions agents may use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.interfaces import ActionFilter, RegisteredAction

Allowed = Literal["readOnly", "nonDestructive", "all"]


def _key(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise ValueError(f"Invalid MCP server key '{name}': must be lowercase alphanumeric with hyphens")
    return name


class McpServerSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    name: str = "backstage"
    """What the server is called."""
    description: str | None = None
    instructions: str | None = None
    """What agents are told about the server when they connect."""
    filter: ActionFilter = ActionFilter()
    """Which actions are tools: rules as in `backend.actions.filter`."""
    allowed_actions: Allowed | None = Field(default=None, alias="allowedActions")
    """As `mcpActions.allowedActions`, for this server."""


class McpSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    name: str = "backstage"
    """What the server at `/v1` is called."""
    description: str | None = None
    instructions: str | None = None
    """What agents are told about the server when they connect."""
    namespaced_tool_names: bool = Field(default=True, alias="namespacedToolNames")
    """Name tools `plugin.action` instead of `action`."""
    allowed_actions: Allowed = Field(default="readOnly", alias="allowedActions")
    """Actions that agents may use: `readOnly` ones, `nonDestructive` ones too, or `all`, as Backstage offers."""
    skills: bool | list[Path] = True
    """Agents may install skills from `/.well-known/skills`: the one that comes with Callboard, those of further folders
    too, or none (false)."""
    servers: dict[Annotated[str, AfterValidator(_key)], McpServerSettings] = Field(default_factory=dict)
    """Further servers, at `/v1/<key>`."""

    def server(self, key: str | None) -> McpServerSettings | None:
        """The settings of `/v1` or `/v1/<key>`; None where there is no such server."""
        if key is not None:
            found = self.servers.get(key)
            if found is None or found.allowed_actions is not None:
                return found
            return found.model_copy(update={"allowed_actions": self.allowed_actions})
        return McpServerSettings(
            name=self.name,
            description=self.description,
            instructions=self.instructions,
            allowedActions=self.allowed_actions,
        )


def permits(allowed: Allowed | None, action: RegisteredAction) -> bool:
    """Whether an action is of a sort that agents may use."""
    attributes = action.attributes
    if allowed == "all":
        return True
    return attributes["readOnly"] or (allowed == "nonDestructive" and not attributes["destructive"])
