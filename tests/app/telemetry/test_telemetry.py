"""Logs, masked secrets, trace ids, metrics."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telemetry import metrics, trace
from app.telemetry.logs import LoggerSettings, configure_logs, plugin_of
from app.telemetry.requests import RequestLog
from app.telemetry.secrets import Redactor, secrets_of
from tests.app.http.site import running_site


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Configures logging into a buffer, and puts things back afterwards."""
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    monkeypatch.delenv("LOG_FORMAT", raising=False)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def configured(secrets: Any = None, **settings: Any) -> io.StringIO:
        stream = io.StringIO()
        configure_logs(LoggerSettings(**settings), Redactor(secrets_of(secrets or {})), stream=stream)
        return stream

    yield configured
    root.handlers[:] = before
    root.setLevel(level)


def test_a_log_line_is_one_json_object(logs: Any) -> None:
    stream = logs()
    trace.begin(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("plugins.github.client").exception("failed for %s", "acme", extra={"count": 3})
    trace.current.set(None)
    [line] = stream.getvalue().splitlines()
    record = json.loads(line)
    assert {k: record[k] for k in ("level", "message", "plugin", "service", "trace_id", "count")} == {
        "level": "error",
        "message": "failed for acme",
        "plugin": "github",
        "service": "callboard",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "count": 3,
    }
    assert "ValueError: two" in record["stack"]
    assert len(record["span_id"]) == 16


def test_levels_are_those_of_the_settings_and_the_variable_goes_before_them(
    logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = logs(level="warn")
    logging.getLogger("catalog").info("quiet")
    logging.getLogger("catalog").warning("loud")
    assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == ["warn"]
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("LOG_FORMAT", "pretty")
    stream = logs(level="warn")
    logging.getLogger("catalog.store").debug("whisper")
    assert stream.getvalue().endswith(" debug catalog: whisper\n")


@pytest.mark.parametrize(
    ("logger", "plugin"),
    [
        ("plugins.github.client", "github"),
        ("catalog.processing", "catalog"),
        ("app.main", "root"),
        ("plugins", "plugins"),
    ],
)
def test_the_plugin_is_the_loggers(logger: str, plugin: str) -> None:
    assert plugin_of(logger) == plugin


SECRETS = {
    "integrations": {"github": [{"host": "github.com", "token": "ghp_secretvalue"}]},
    "backend": {
        "database": {"connection": "postgres://cb:p%40ssword@db/cb"},
        "auth": {"externalAccess": [{"options": {"token": "static-token-1", "subject": "ci-robot"}}]},
    },
    "apps": [{"privateKey": "-----BEGIN\nMIIEsecretkey\n-----END", "clientSecret": "abc"}],
}


@pytest.mark.parametrize("secret", ["ghp_secretvalue", "p%40ssword", "p@ssword", "static-token-1", "MIIEsecretkey"])
@pytest.mark.parametrize("form", ["json", "pretty"])
def test_secrets_of_the_configuration_are_masked_wherever_they_appear(logs: Any, secret: str, form: str) -> None:
    stream = logs(SECRETS, format=form)
    try:
        raise RuntimeError(f"could not use {secret}")
    except RuntimeError:
        logging.getLogger("x").exception("with %s", secret, extra={"header": f"Bearer {secret}"})
    assert secret not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_what_is_no_secret_stays_readable(logs: Any) -> None:
    stream = logs(SECRETS)
    logging.getLogger("x").info("github.com and ci-robot at abc")
    assert "github.com and ci-robot at abc" in stream.getvalue()


async def test_requests_are_logged_without_their_query() -> None:
    stream = io.StringIO()
    log = RequestLog(pretty=False, stream=stream)
    log.add("GET", "/api/x", 200, seconds=0.0012, size=7, trace=("t", "s"), client="127.0.0.1", agent='a"b')
    log.flush()
    record = orjson.loads(stream.getvalue())
    assert {k: record[k] for k in ("message", "plugin", "status", "trace_id", "userAgent")} == {
        "message": "GET /api/x 200 1.2 ms",
        "plugin": "rootHttpRouter",
        "status": 200,
        "trace_id": "t",
        "userAgent": 'a"b',
    }


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_a_client_calls_itself_a_line_stays_one_json_object(path: str, agent: str) -> None:
    async def log() -> str:
        stream = io.StringIO()
        requests = RequestLog(pretty=False, stream=stream)
        requests.add("GET", path, 200, seconds=0.0, size=0, trace=("t", "s"), client=None, agent=agent)
        requests.flush()
        return stream.getvalue()

    record = json.loads(asyncio.run(log()))
    assert (record["url"], record["userAgent"], record["ip"]) == (path, agent, None)


async def test_metrics_name_routes_and_never_paths() -> None:
    async with running_site() as site:
        for name in ("one", "two"):
            await site.get(f"/api/shelf/books/{name}")
        await site.get("/api/shelf/no-such-thing")
    text = metrics.render().decode()
    assert (
        'http_server_request_duration_seconds_count{http_request_method="GET",'
        'http_response_status_code="200",http_route="/api/shelf/books/{name}"}' in text
    )
    assert "no-such-thing" not in text


def test_a_malformed_traceparent_begins_a_trace_of_our_own() -> None:
    one, two = trace.begin(b"nonsense"), trace.begin(None)
    assert one[0] != two[0]
    assert (len(one[0]), len(one[1])) == (32, 16)
    trace.current.set(None)
