"""Logs: one JSON object per line, or coloured lines for people. Source: FIELD.md §4, row Logs."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import orjson
from pydantic import BaseModel, Field

from app.telemetry import trace

SERVICE: Final = "callboard"
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "plugin"}
_LEVELS: Final = {"DEBUG": "debug", "INFO": "info", "WARNING": "warn", "ERROR": "error", "CRITICAL": "error"}
_COLOURS: Final = {"debug": "\x1b[2m", "info": "\x1b[32m", "warn": "\x1b[33m", "error": "\x1b[31m"}

Redact = Callable[[str], str]


class LoggerSettings(BaseModel, frozen=True, defer_build=True):
    """`backend.logger`; the variables LOG_LEVEL and LOG_FORMAT go before it."""

    level: Literal["debug", "info", "warn", "error"] = "info"
    format: Literal["json", "pretty"] | None = None
    """Without one: pretty on a terminal, JSON elsewhere."""
    requests: bool = Field(default=True)
    """Log each request."""


def plugin_of(logger: str) -> str:
    """`plugins.github.client` is `github`, `catalog.processing` is `catalog`, the host's are `root`."""
    first, _, rest = logger.partition(".")
    if first == "plugins" and rest:
        return rest.partition(".")[0]
    return "root" if first in {"app", "root", "uvicorn", "asyncio"} else first


def record_of(record: logging.LogRecord) -> dict[str, Any]:
    """A record's members as they are logged. Fields given as `extra` are kept."""
    ids = trace.current.get()
    fields: dict[str, Any] = {
        "level": _LEVELS.get(record.levelname, record.levelname.lower()),
        "message": record.getMessage(),
        "plugin": getattr(record, "plugin", None) or plugin_of(record.name),
        "service": SERVICE,
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
    }
    if ids is not None:
        fields["trace_id"], fields["span_id"] = ids
    if record.exc_info:
        fields["stack"] = logging.Formatter().formatException(record.exc_info)
    fields.update((key, value) for key, value in record.__dict__.items() if key not in _STANDARD)
    return fields


class JsonFormatter(logging.Formatter):
    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(orjson.dumps(record_of(record), default=str, option=orjson.OPT_NON_STR_KEYS).decode())


class PrettyFormatter(logging.Formatter):
    def __init__(self, redact: Redact, *, colours: bool) -> None:
        super().__init__()
        self._redact, self._colours = redact, colours

    def format(self, record: logging.LogRecord) -> str:
        fields = record_of(record)
        level, plugin = fields["level"], fields["plugin"]
        start, end = (_COLOURS.get(level, ""), "\x1b[0m") if self._colours else ("", "")
        stack = "\n" + fields["stack"] if "stack" in fields else ""
        return self._redact(f"{fields['timestamp'][11:23]} {start}{level:5}{end} {plugin}: {fields['message']}{stack}")


def is_pretty(settings: LoggerSettings, stream: TextIO) -> bool:
    """Whether logs to this stream are for people."""
    form = os.environ.get("LOG_FORMAT") or settings.format or ("pretty" if stream.isatty() else "json")
    return form == "pretty"


def configure_logs(settings: LoggerSettings, redact: Redact, *, stream: TextIO | None = None) -> None:
    """Sends all logs to standard output (or `stream`) in one form."""
    stream = stream or sys.stdout
    level = os.environ.get("LOG_LEVEL", settings.level).upper()
    pretty = is_pretty(settings, stream)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PrettyFormatter(redact, colours=stream.isatty()) if pretty else JsonFormatter(redact))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(
        {"WARN": "WARNING"}.get(level, level) if level in {"DEBUG", "INFO", "WARN", "WARNING", "ERROR"} else "INFO"
    )
    # These tell at every turn what we log once.
    for noisy in ("httpx", "httpcore", "hpack", "asyncio", "alembic", "git", "uvicorn.access", "aiosqlite"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
