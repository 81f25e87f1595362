"""`backend.auth` and the lifetime of user tokens, as Backstage has them. Source: spec/ui-backends.md §2."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from app.errors import InputError
from app.interfaces import AccessRestriction, Config

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Algorithms a foreign key set may be used with: never `none`, never a shared secret."""

_UNITS = {
    "years": 365 * 86_400.0,
    "months": 30 * 86_400.0,
    "weeks": 7 * 86_400.0,
    "days": 86_400.0,
    "hours": 3_600.0,
    "minutes": 60.0,
    "seconds": 1.0,
    "milliseconds": 0.001,
}
_SHORT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
)
_SHORT_UNITS = {"ms": 0.001, "mi": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


def _duration(value: Any) -> Any:
    """A Backstage duration: `{hours: 1}`, `1h`, or ISO 8601 (left to pydantic)."""
    if isinstance(value, dict):
        unknown = set(value) - set(_UNITS)
        if unknown:
            raise ValueError(f"unknown unit of time '{sorted(unknown)[0]}'")
        return timedelta(seconds=sum(_UNITS[unit] * float(amount) for unit, amount in value.items()))
    if isinstance(value, str) and (found := _SHORT.fullmatch(value.strip())):
        unit = found[2]
        key = "ms" if unit.startswith(("ms", "mil")) else unit[0]
        return timedelta(seconds=float(found[1]) * _SHORT_UNITS[key])
    if isinstance(value, int | float):
        raise ValueError("a duration needs a unit")
    return value


def _words(value: Any) -> Any:
    """One string, comma or space separated, or a list of strings."""
    return tuple(word for word in re.split(r"[,\s]+", value) if word) if isinstance(value, str) else value


def _no_spaces(what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(r"\S+", value):
            raise ValueError(f"{what} must be a set of non-space characters")
        return value

    return check


T = TypeVar("T")
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Action = Literal["create", "read", "update", "delete"]
Subject = Annotated[str, AfterValidator(_no_spaces("subject"))]


class _Strict(BaseModel):
    """A restriction that is misspelt must not be a restriction less, so unknown keys are errors here."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class AttributeSettings(_Strict):
    action: Annotated[tuple[Action, ...], BeforeValidator(_words)] = ()


class RestrictionSettings(_Strict):
    plugin: str
    permission: Words = ()
    permission_attribute: AttributeSettings = Field(default=AttributeSettings(), alias="permissionAttribute")


class _External(_Lenient):
    access_restrictions: tuple[RestrictionSettings, ...] | None = Field(default=None, alias="accessRestrictions")

    @field_validator("access_restrictions")
    @classmethod
    def _one_for_each_plugin(
        cls, value: tuple[RestrictionSettings, ...] | None
    ) -> tuple[RestrictionSettings, ...] | None:
        plugins = [restriction.plugin for restriction in value or ()]
        twice = {plugin for plugin in plugins if plugins.count(plugin) > 1}
        if twice:
            raise ValueError(f"plugin '{sorted(twice)[0]}' is restricted twice")
        return value

    @property
    def restrictions(self) -> tuple[AccessRestriction, ...] | None:
        """None for a token without restrictions; an empty list is none either, as in the reference."""
        if not self.access_restrictions:
            return None
        return tuple(
            AccessRestriction(
                plugin=restriction.plugin,
                permissions=frozenset(restriction.permission),
                actions=frozenset(restriction.permission_attribute.action),
            )
            for restriction in self.access_restrictions
        )


class StaticOptions(_Lenient):
    token: SecretStr
    subject: Subject

    @field_validator("token")
    @classmethod
    def _strong_enough(cls, value: SecretStr) -> SecretStr:
        _no_spaces("token")(value.get_secret_value())
        if len(value.get_secret_value()) < 8:
            raise ValueError("token must be at least 8 characters long")
        return value


def _base64_secret(value: SecretStr) -> SecretStr:
    try:
        decoded = base64.b64decode(value.get_secret_value(), validate=True)
    except binascii.Error:
        raise ValueError("secret must be base64") from None
    if not decoded:
        raise ValueError("secret must not be empty")
    return value


Base64Secret = Annotated[SecretStr, AfterValidator(_base64_secret)]


class LegacyOptions(_Lenient):
    secret: Base64Secret
    subject: Subject


class JwksOptions(_Lenient):
    url: str
    issuer: Words = ()
    algorithm: Words = ()
    audience: Words = ()
    subject_prefix: Subject | None = Field(default=None, alias="subjectPrefix")

    @field_validator("algorithm")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unfit = sorted(set(value) - ASYMMETRIC)
        if unfit:
            raise ValueError(f"algorithm '{unfit[0]}' is not one of {', '.join(sorted(ASYMMETRIC))}")
        return value


class StaticAccess(_External):
    type: Literal["static"]
    options: StaticOptions


class LegacyAccess(_External):
    type: Literal["legacy"]
    options: LegacyOptions


class JwksAccess(_External):
    type: Literal["jwks"]
    options: JwksOptions


class LegacyKey(_Lenient):
    secret: Base64Secret


class AuthSettings(_Lenient):
    """`backend.auth`."""

    disable_default_policy: bool = Field(default=False, alias="dangerouslyDisableDefaultAuthPolicy")
    external_access: tuple[Annotated[StaticAccess | LegacyAccess | JwksAccess, Field(discriminator="type")], ...] = (
        Field(default=(), alias="externalAccess")
    )
    keys: tuple[LegacyKey, ...] = ()
    """Shared secrets of Backstage's old backends; their tokens are accepted as `external:backstage-plugin`."""


_LIFETIME: TypeAdapter[timedelta] = TypeAdapter(Annotated[timedelta, BeforeValidator(_duration)])


def read_auth_settings(config: Config) -> AuthSettings:
    """Raises InputError that names the key, and shows no value: these are secrets."""
    return _checked("backend.auth", lambda: AuthSettings.model_validate(config.get("backend.auth", {}) or {}))


def read_token_lifetime(config: Config) -> timedelta:
    """`auth.backstageTokenExpiration`, one hour by default, clamped to ten minutes … a day."""
    key = "auth.backstageTokenExpiration"
    lifetime = _checked(key, lambda: _LIFETIME.validate_python(config.get(key, {"hours": 1})))
    return min(max(lifetime, timedelta(minutes=10)), timedelta(hours=24))


def _checked(key: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        path = ".".join([key, *(str(part) for part in first["loc"])])
        raise InputError(f"Invalid configuration at {path}: {first['msg']}") from None
