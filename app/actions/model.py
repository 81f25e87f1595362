"""What an action is, and which of them a rule admits. Pure; public through `app.interfaces`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from app.reading.globs import compiled

if TYPE_CHECKING:
    from app.interfaces import Permission, Principal


@dataclass(frozen=True, slots=True)
class ActionInvocation:
    """One call of an action. `input` and `secrets` are valid by the action's schemas; `secrets` is empty for an action
    that takes none, and never logged."""

    input: Mapping[str, Any]
    caller: Principal
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    token: str | None = field(default=None, repr=False)
    """The caller's own token, for what goes on in their name after the call; None where none is at hand."""


@dataclass(frozen=True, slots=True)
class RegisteredAction:
    """An action of a plugin, `plugin:name`. Source: spec/ui-backends.md §4.2.

    `input`, `output` and `secrets` are JSON Schemas (draft-07) of objects. `run` gives the output, authorises by itself
    what it does in the caller's name, and raises the errors of `app.errors`. An action that is not read-only counts as
    destructive unless it says otherwise. To callers without `visibility` it does not exist.
    """

    plugin: str
    name: str
    title: str
    description: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    run: Callable[[ActionInvocation], Awaitable[Any]]
    read_only: bool = False
    idempotent: bool = False
    destructive: bool | None = None
    examples: tuple[Mapping[str, Any], ...] = ()
    secrets: Mapping[str, Any] | None = None
    visibility: Permission | None = None

    @property
    def id(self) -> str:
        return f"{self.plugin}:{self.name}"

    @property
    def attributes(self) -> dict[str, bool]:
        """`destructive`, `idempotent` and `readOnly`, as the wire has them."""
        return {
            "destructive": not self.read_only if self.destructive is None else self.destructive,
            "idempotent": self.idempotent,
            "readOnly": self.read_only,
        }


class ActionAttributes(BaseModel, use_attribute_docstrings=True):
    """Attributes that an action must have; what is absent does not matter."""

    model_config = {"frozen": True}

    destructive: bool | None = None
    idempotent: bool | None = None
    read_only: bool | None = Field(default=None, alias="readOnly")


class ActionRule(BaseModel, use_attribute_docstrings=True):
    """Says of an action whether it is meant."""

    model_config = {"frozen": True}

    id: str | None = None
    """A glob over `plugin:name`, such as `catalog:*`."""
    attributes: ActionAttributes = ActionAttributes()

    def means(self, action: RegisteredAction) -> bool:
        if self.id is not None and not compiled(self.id).matches(action.id):
            return False
        wanted = self.attributes.model_dump(by_alias=True, exclude_none=True)
        return all(action.attributes[name] is value for name, value in wanted.items())


class ActionFilter(BaseModel, use_attribute_docstrings=True):
    """Which actions are let through."""

    model_config = {"frozen": True}

    include: list[ActionRule] = Field(default_factory=list)
    """Any of these must mean an action; all are meant where there is no rule."""
    exclude: list[ActionRule] = Field(default_factory=list)
    """None of these may mean it."""

    def admits(self, action: RegisteredAction) -> bool:
        if any(rule.means(action) for rule in self.exclude):
            return False
        return not self.include or any(rule.means(action) for rule in self.include)
