"""`devTools.*`. Source: spec/ui-backends.md §13."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


class DependencySettings(_Settings):
    name: str
    type: Literal["fetch", "ping"]
    """`fetch` asks a URL, and 200 is healthy; `ping` asks whether a host is there."""
    target: str
    """A URL, or the name or address of a host."""


class ExternalDependenciesSettings(_Settings):
    endpoints: tuple[DependencySettings, ...] = ()


class InfoSettings(_Settings):
    package_prefixes: tuple[str, ...] = ()
    """Further Python packages to show versions of, by the beginning of their names."""


class ScheduledTasksSettings(_Settings):
    plugins: tuple[str, ...] = ()
    """Plugins whose scheduled tasks the page offers. Read by the frontend alone."""


class DevToolsSettings(_Settings):
    external_dependencies: ExternalDependenciesSettings = Field(
        default_factory=ExternalDependenciesSettings.model_construct
    )
    info: InfoSettings = Field(default_factory=InfoSettings.model_construct)
    scheduled_tasks: ScheduledTasksSettings = Field(default_factory=ScheduledTasksSettings.model_construct)
