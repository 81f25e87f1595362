"""What of `backend` the HTTP server reads. Source: spec/catalog.md §8, spec/ui-backends.md §1.2."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.config.durations import Duration


def _words(given: Any) -> Any:
    """A list, or one text with commas."""
    return [word.strip() for word in given.split(",") if word.strip()] if isinstance(given, str) else given


def _address(given: Any) -> Any:
    """`:7007`, `127.0.0.1:7007`, a bare port, or an object."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        return given
    host, _, port = str(given).rpartition(":")
    if not port.isdigit():
        raise ValueError("must be an address such as ':7007' or '127.0.0.1:7007'")
    return {"host": host.strip("[]"), "port": int(port)} if host else {"port": int(port)}


class ListenSettings(BaseModel, frozen=True, defer_build=True):
    host: str = ""
    """Where to listen; empty means on all addresses."""
    port: int = Field(default=7007, ge=0, le=65535)


class CorsSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    origin: Annotated[list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)] = Field(
        default_factory=list
    )
    """Origins that may call, as patterns: `https://*.example.com`."""
    methods: Annotated[list[str], BeforeValidator(_words)] = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]
    allowed_headers: Annotated[list[str] | None, BeforeValidator(_words)] = Field(default=None, alias="allowedHeaders")
    exposed_headers: Annotated[list[str], BeforeValidator(_words)] = Field(default=[], alias="exposedHeaders")
    credentials: bool = False
    max_age: int | None = Field(default=None, alias="maxAge")
    """Seconds a preflight's answer may be kept."""
    options_success_status: int = Field(default=204, alias="optionsSuccessStatus")


class LifecycleSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    startup_request_pause_timeout: Duration = Field(default=timedelta(seconds=5), alias="startupRequestPauseTimeout")
    """How long a request waits for the start to finish before it is answered with 503."""
    server_shutdown_delay: Duration = Field(default=timedelta(0), alias="serverShutdownDelay")
    """How long to go on serving after the signal to stop, while readiness already says no."""
    drain_timeout: Duration = Field(default=timedelta(seconds=30), alias="drainTimeout")
    """How long requests in flight may take to finish."""


class HealthSettings(BaseModel, frozen=True, defer_build=True):
    headers: dict[str, str] = Field(default_factory=dict)


class MetricsSettings(BaseModel, frozen=True, defer_build=True):
    public: bool = False
    """Serve `/metrics` without credentials."""


class WebSocketSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    max_connections: int = Field(default=10_000, ge=0, alias="maxConnections")
    """WebSocket connections that one process holds at most; more are answered with 503."""


class BackendSettings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True)

    base_url: str = Field(default="http://localhost:7007", alias="baseUrl")
    """Where clients reach the backend."""
    listen: Annotated[ListenSettings, BeforeValidator(_address)] = Field(default_factory=ListenSettings.model_construct)
    cors: CorsSettings | None = None
    csp: dict[str, list[str] | bool] = Field(default_factory=dict)
    """Directives over the default ones; false removes one."""
    lifecycle: LifecycleSettings = Field(default_factory=LifecycleSettings.model_construct)
    health: HealthSettings = Field(default_factory=HealthSettings.model_construct)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings.model_construct)
    web_sockets: WebSocketSettings = Field(default_factory=WebSocketSettings.model_construct, alias="webSockets")
