"""Tests of a policy: who asks, for what, and what the answer should be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.errors import InputError
from app.interfaces import NOBODY, Permission, Permissions, Principal
from plugins.permission.policy import DocumentPolicy

Answer = Literal["allow", "deny", "conditional"]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Case(BaseModel, defer_build=True):
    """`user` absent: a caller without credentials. With a `resource` conditions are applied to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    user: str | None = None
    groups: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    claims: dict[str, Any] = Field(default_factory=dict)
    """What is taken to be known of the user from their sign-in."""
    permission: str
    resource: dict[str, Any] | None = None
    expect: Answer

    @property
    def caller(self) -> Principal:
        if self.user is None:
            return NOBODY
        return Principal("user", self.user.lower(), (self.user.lower(), *(group.lower() for group in self.groups)))


class _Cases(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: tuple[Case, ...] = Field(min_length=1)


def read_cases(path: Path) -> tuple[Case, ...]:
    """Raises InputError for a file that cannot be read or holds something else."""
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        return _Cases.model_validate(content).cases
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not YAML: {error}") from None
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        words = "\n".join(f"{path.name}: {'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems)
        raise InputError(words) from None


async def failures(
    cases: Iterable[Case], policy: DocumentPolicy, permissions: Permissions
) -> list[tuple[Case, Answer]]:
    """The cases whose answer is not the expected one, with the answer."""
    answers = [(case, await answer_to(case, policy, permissions)) for case in cases]
    return [(case, got) for case, got in answers if got != case.expect]


async def answer_to(case: Case, policy: DocumentPolicy, permissions: Permissions) -> Answer:
    asked = policy.knowing(case.claims)
    decision = await asked.decide(known_permission(case.permission, permissions), case.caller)
    if decision.result == "CONDITIONAL" and case.resource is not None:
        try:
            return "allow" if permissions.holds(decision.conditions or {}, case.resource) else "deny"
        except (KeyError, TypeError) as error:
            raise InputError(f"The resource of case '{case.name or case.permission}' lacks {error}") from None
    answers: dict[str, Answer] = {"ALLOW": "allow", "DENY": "deny", "CONDITIONAL": "conditional"}
    return answers[decision.result]


def known_permission(name: str, permissions: Permissions) -> Permission:
    """Raises InputError for a permission that no plugin declares: a test of it would test nothing."""
    permission = permissions.permission(name)
    if permission is None:
        raise InputError(f"No plugin has a permission '{name}'")
    return permission
