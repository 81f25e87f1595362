"""`backend.auth` and the lifetime of user tokens, as Backstage has them. Source: spec/ui-backends.md §2."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from app.config.durations import Duration
from app.interfaces import AccessRestriction

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Algorithms a foreign key set may be used with: never `none`, never a shared secret."""


def _words(value: Any) -> Any:
    """One string, comma or space separated, or a list of strings."""
    return tuple(word for word in re.split(r"[,\s]+", value) if word) if isinstance(value, str) else value


def _clamped(lifetime: timedelta) -> timedelta:
    return min(max(lifetime, timedelta(minutes=10)), timedelta(hours=24))


def _no_spaces(what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(r"\S+", value):
            raise ValueError(f"{what} must be a set of non-space characters")
        return value

    return check


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Action = Literal["create", "read", "update", "delete"]
Subject = Annotated[str, AfterValidator(_no_spaces("subject"))]


class _Strict(BaseModel):
    """A restriction that is misspelt must not be a restriction less, so unknown keys are errors here."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True, defer_build=True
    )


class _Lenient(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True, defer_build=True
    )


class AttributeSettings(_Strict):
    action: Annotated[tuple[Action, ...], BeforeValidator(_words)] = ()


class RestrictionSettings(_Strict):
    plugin: str
    permission: Words = ()
    permission_attribute: AttributeSettings = Field(
        default_factory=AttributeSettings.model_construct, alias="permissionAttribute"
    )


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


class StaticKeySettings(_Lenient):
    public_key_file: str = Field(alias="publicKeyFile")
    """PEM (SPKI), relative to the working directory."""
    private_key_file: str | None = Field(default=None, alias="privateKeyFile")
    """PEM (PKCS #8). The first key signs and needs one."""
    key_id: str = Field(alias="keyId", min_length=1, max_length=200)
    algorithm: Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"] = (
        "ES256"
    )


class StaticKeysSettings(_Lenient):
    keys: tuple[StaticKeySettings, ...] = ()


class KeyStoreSettings(_Lenient):
    """Where signing keys come from. `memory` is taken for `database`: private keys are never stored in either."""

    static: StaticKeysSettings = Field(default_factory=StaticKeysSettings.model_construct)

    @property
    def store(self) -> str:
        raise NotImplementedError


class UserKeyStoreSettings(KeyStoreSettings):
    provider: Literal["database", "memory", "static"] = "database"
    """Where user tokens' signing keys come from: made and rotated here, or files (`static`)."""

    @property
    def store(self) -> str:
        return self.provider


class PluginKeyStoreSettings(KeyStoreSettings):
    type: Literal["database", "static"] = "database"
    """Where service tokens' signing keys come from: made and rotated here, or files (`static`)."""

    @property
    def store(self) -> str:
        return self.type


class LegacyKey(_Lenient):
    secret: Base64Secret


class AuthSettings(_Lenient):
    """`backend.auth`."""

    disable_default_policy: bool = Field(default=False, alias="dangerouslyDisableDefaultAuthPolicy")
    external_access: tuple[Annotated[StaticAccess | LegacyAccess | JwksAccess, Field(discriminator="type")], ...] = (
        Field(default=(), alias="externalAccess")
    )
    plugin_key_store: PluginKeyStoreSettings = Field(
        default_factory=PluginKeyStoreSettings.model_construct, alias="pluginKeyStore"
    )
    keys: tuple[LegacyKey, ...] = ()
    """Shared secrets of Backstage's old backends; their tokens are accepted as `external:backstage-plugin`."""


class TokenSettings(_Lenient):
    """The part of `auth` that tokens depend on."""

    lifetime: Annotated[Duration, AfterValidator(_clamped)] = Field(
        default=timedelta(hours=1), alias="backstageTokenExpiration"
    )
    """Of user tokens; ten minutes to a day."""
    omit_ownership: bool = Field(default=True, alias="omitIdentityTokenOwnershipClaim")
    """Leave the refs in whose name a user owns things out of their token; they are asked for when needed."""
    key_store: UserKeyStoreSettings = Field(default_factory=UserKeyStoreSettings.model_construct, alias="keyStore")
