"""`proxy.*`. Source: spec/ui-backends.md §12."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from app.config import Duration
from app.errors import InputError

log = logging.getLogger(__name__)
Credentials = Literal["require", "forward", "dangerously-allow-unauthenticated"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


def _milliseconds(given: Any) -> Any:
    return f"{given}ms" if isinstance(given, int | float) and not isinstance(given, bool) else given


class EndpointSettings(_Settings):
    """One path, and what lies behind it."""

    target: str
    """Where requests go: an http or https URL, with or without a path."""
    change_origin: bool = True
    """Send the target's name as Host, and not the one the client used."""
    path_rewrite: dict[str, str] | None = None
    """Patterns (JavaScript's) of whole paths, and what replaces them; the first that matches. Without: the path up to
    and with the endpoint's goes."""
    secure: bool = True
    """Check the target's certificate."""
    allowed_methods: tuple[str, ...] | None = None
    """Methods that are passed on; all if absent."""
    allowed_headers: tuple[str, ...] = ()
    """Headers that are passed on in both directions, beyond the harmless ones."""
    headers: dict[str, SecretStr] = {}
    """Headers that every request gets, secrets among them. Clients never see them."""
    credentials: Credentials = "require"
    """`forward` also passes the caller's credentials on to the target."""
    proxy_timeout: Annotated[Duration, BeforeValidator(_milliseconds)] = Field(default=timedelta(seconds=120))
    """How long the target may say nothing; a bare number counts milliseconds."""


class ProxySettings(_Settings):
    endpoints: dict[str, Any] = {}
    """By path: a target, or an object as `docs/proxy.md` has it."""
    skip_invalid_proxies: bool = False
    """Leave endpoints out that make no sense, with a warning, instead of stopping the start."""
    revive_consumed_request_bodies: bool = False
    """No effect here: bodies are never consumed on the way."""


@dataclass(frozen=True, slots=True)
class Named:
    """An endpoint and its path, which begins with a slash."""

    path: str
    settings: EndpointSettings


_KNOWN: Final = {field.alias or name for name, field in EndpointSettings.model_fields.items()}


def endpoints_of(whole: Any, settings: ProxySettings) -> list[Named]:
    """The endpoints in the order in which they are tried: those of `proxy.endpoints`, or else those directly below
    `proxy`. Raises InputError, which names the key and no value."""
    given: Mapping[str, Any] = settings.endpoints
    where = "proxy.endpoints"
    if not given and isinstance(whole, Mapping):
        given = {key: value for key, value in whole.items() if str(key).startswith("/")}
        where = "proxy"
        if given:
            log.warning("Endpoints directly below 'proxy' are deprecated: move them to 'proxy.endpoints'")
    found = []
    for path, value in given.items():
        try:
            found.append(Named(_path(path), _endpoint(value, f"{where}.{path}")))
        except InputError as error:
            if not settings.skip_invalid_proxies:
                raise
            log.warning("skipped configuring %s due to %s", path, error.message)
    return found


def _path(given: str) -> str:
    path = "/" + given.strip("/")
    if path == "/" or any(part in (".", "..") for part in path.split("/")):
        raise InputError(f"'{given}' is no path for a proxy")
    return path


def _endpoint(value: Any, key: str) -> EndpointSettings:
    if isinstance(value, str):
        value = {"target": value}
    if not isinstance(value, Mapping):
        raise InputError(f"configuration key '{key}' must be a target or an object")
    unknown = [str(name) for name in value if name not in _KNOWN]
    if unknown:
        log.warning("The configuration key '%s.%s' is not known here and ignored", key, unknown[0])
    try:
        return EndpointSettings.model_validate(value)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join([key, *(str(part) for part in problem["loc"])])
        raise InputError(f"configuration key '{name}': {problem['msg']}") from None
