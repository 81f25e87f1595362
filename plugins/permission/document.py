"""A policy file: rules in order, the first that applies decides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.errors import InputError
from plugins.permission.where import ENTITY, Conditions, compile_where

MAX_BYTES = 1024 * 1024


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _refs(value: Any) -> Any:
    value = _listed(value)
    if isinstance(value, list | tuple):
        for ref in value:
            if not isinstance(ref, str) or not re.fullmatch(r"[^:/\s]+:[^:/\s]+/[^:/\s]+", ref):
                raise ValueError(f"{ref!r} is not an entity ref such as group:default/admins")
        return tuple(ref.lower() for ref in value)
    return value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Refs = Annotated[tuple[str, ...], BeforeValidator(_refs), Field(min_length=1)]
Effect = Literal["allow", "deny"]


class _Strict(BaseModel, defer_build=True):
    """Unknown keys are errors: a misspelt restriction would otherwise be none."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Subjects(_Strict):
    """Whom a rule is for: those who fulfil all that is given. Nothing given is everybody."""

    users: Refs | None = None
    groups: Refs | None = None
    """Members of any of these, by the refs in whose name they own things."""
    claims: dict[str, Texts] | None = None
    """What was known at the last sign-in: each claim has, or contains, one of the values."""
    anonymous: bool | None = None
    """True: only callers without credentials, where these are let in; false: only users."""


class Rule(_Strict):
    name: str = ""
    """Shown by `explain`."""
    effect: Effect
    subjects: Subjects = Subjects()
    permissions: Texts = ("*",)
    """Names; `*` stands for any text."""
    actions: Annotated[tuple[Literal["create", "read", "update", "delete"], ...] | None, BeforeValidator(_listed)] = (
        None
    )
    resource_type: str = Field(default=ENTITY, alias="resourceType")
    """What `where` is about; without `where` the rule is about every permission that it names."""
    where: Any = None

    @model_validator(mode="after")
    def _can_be_compiled(self) -> Rule:
        self.conditions()
        return self

    def conditions(self) -> Conditions | None:
        return None if self.where is None else compile_where(self.where, self.resource_type)


class Document(_Strict):
    default: Effect
    """What holds where no rule applies."""
    rules: tuple[Rule, ...] = ()


def read_document(text: str, name: str) -> Document:
    """Raises InputError with every problem and its place."""
    try:
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{name} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{name} must hold an object")
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise InputError("\n".join(f"{name}: {_place(p['loc'])}: {p['msg']}" for p in problems)) from None


def load_document(path: Path) -> Document:
    """Raises InputError for a file that cannot be read, and as `read_document` does."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES} bytes")
        return read_document(content.decode("utf-8"), path.name)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


def _place(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".") or "document"
