"""`http:backstage:request`. Source: spec/scaffolder.md §5.8."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from app.errors import CallboardError, InputError, NotAllowedError
from app.interfaces import Auth, Outgoing
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import ANY, BOOLEAN, NUMBER, RECORD, STRING, described, one_of, record
from scaffolder.interfaces import Action, ActionContext

_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "UPDATE", "DELETE", "PUT", "PATCH")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_TIMEOUT_MS: Final = 60_000
MAX_ANSWER_BYTES: Final = 10 * 1024 * 1024


class HttpBackstageRequest(Action):
    """Calls another plugin's API in the name of whoever started the task."""

    id = "http:backstage:request"
    description = "Sends a HTTP request to the Backstage API. It uses the token of the user who triggers the task"
    supports_dry_run = True
    examples = (
        example("http:backstage:request", "Read from a plugin", method="GET", path="/catalog/entities?limit=1"),
        example(
            "http:backstage:request",
            "Send JSON through the proxy",
            method="POST",
            path="/proxy/tickets/create",
            headers={"content-type": "application/json"},
            body={"title": "${{ parameters.title }}"},
        ),
    )
    input_schema = record(
        {
            "path": described(STRING, "The url path you want to query"),
            "method": described(one_of(*_METHODS), "The method type of the request"),
            "headers": described(RECORD, "The headers you would like to pass to your request"),
            "params": described(RECORD, "The query parameters you would like to pass to your request"),
            "body": described(ANY, "The body you would like to pass to your request"),
            "logRequestPath": described(BOOLEAN, "Option to turn request path logging off. On by default"),
            "continueOnBadResponse": described(BOOLEAN, "Return response code and body without failing"),
            "timeout": described(NUMBER, "The timeout in milliseconds of the request"),
            "useBackstageToken": described(BOOLEAN, "Use the token of `secrets.backstageToken`"),
            "idempotencyKey": described(STRING, "A key under which the request is made once per task"),
        },
        ["path", "method"],
    )
    output_schema = record({"code": STRING, "headers": RECORD, "body": RECORD})

    def __init__(
        self,
        outgoing: Outgoing,
        auth: Auth,
        base_url: Callable[[], str],
        *,
        allowed_methods: Sequence[str] | None = None,
        allowed_hosts: Sequence[str] | None = None,
    ) -> None:
        self._outgoing = outgoing
        self._auth = auth
        self._base_url = base_url
        self._allowed_methods = None if allowed_methods is None else {one.upper() for one in allowed_methods}
        self._allowed_hosts = None if allowed_hosts is None else set(allowed_hosts)

    async def run(self, context: ActionContext) -> None:
        given = context.input
        method = given["method"]
        plugin, path = plugin_path(given["path"])
        url = f"{self._base_url().rstrip('/')}/api/{plugin}{path}"
        if given.get("params"):
            url += ("&" if "?" in path else "?") + urlencode({k: _plain(v) for k, v in given["params"].items()})
        self._check(method, url)
        shown = f" with path {given['path']}" if given.get("logRequestPath", True) else ""
        await context.log.info(f"Creating {method} request with {self.id} scaffolder action{shown}")
        if context.is_dry_run and method not in _SAFE:
            await context.log.info(f"Dry run: the {method} request is not sent")
            return

        async def send() -> dict[str, Any]:
            return await self._sent(context, method, url, plugin)

        key = given.get("idempotencyKey")
        answer = await (context.checkpoint(f"http.request.{key}", send) if key else send())
        for name, value in answer.items():
            context.output(name, value)

    async def _sent(self, context: ActionContext, method: str, url: str, plugin: str) -> dict[str, Any]:
        given = context.input
        headers = {str(name): _plain(value) for name, value in (given.get("headers") or {}).items()}
        lowered = {name.lower(): value for name, value in headers.items()}
        if "authorization" not in lowered:
            headers["authorization"] = f"Bearer {await self._token(context, plugin)}"
        response = await self._outgoing.request(
            method,
            url,
            headers=headers,
            content=_content(given.get("body"), lowered.get("content-type", "")),
            timeout=given.get("timeout", DEFAULT_TIMEOUT_MS) / 1000,
            max_bytes=MAX_ANSWER_BYTES,
        )
        answered: Any
        try:
            answered = json.loads(response.content) if response.content else {}
        except ValueError:
            answered = {"message": response.text}
        if response.status_code >= 400:
            if given.get("continueOnBadResponse"):
                return {"code": response.status_code, "headers": {}, "body": answered}
            await context.log.error(f"The request was answered with {response.status_code}")
            raise CallboardError("Unable to complete request")
        return {"code": response.status_code, "headers": dict(response.headers), "body": answered}

    async def _token(self, context: ActionContext, plugin: str) -> str:
        given = context.secrets.get("backstageToken")
        if context.input.get("useBackstageToken"):
            if not given:
                raise InputError("The task holds no secret backstageToken")
            return given
        return await self._auth.issue_service_token("scaffolder", plugin, user_token=given)

    def _check(self, method: str, url: str) -> None:
        if self._allowed_methods is not None and method not in self._allowed_methods:
            raise NotAllowedError(f"SSRF Blocked: method {method} is not allowed")
        if self._allowed_hosts is not None and urlsplit(url).netloc not in self._allowed_hosts:
            raise NotAllowedError("SSRF Blocked: host is not allowed")


def plugin_path(path: str) -> tuple[str, str]:
    """The plugin's id and the rest of a path below `/api`. Raises InputError: it could leave the plugin's routes."""
    text = path.removeprefix("/")
    plugin, slash, rest = text.partition("/")
    plugin, question, query = plugin.partition("?")
    low = text.partition("?")[0].lower()
    # Encoded separators and dots are read differently by those behind us (CVE-2026-29185).
    if not plugin or any(sign in low for sign in ("%2e", "%2f", "%5c", "%25", "\\", "#", "@", "//", "\n", "\r", " ")):
        raise InputError(f"The path {path[:200]!r} is not one below a plugin's API")
    if any(segment in (".", "..") for segment in low.split("/")):
        raise InputError(f"The path {path[:200]!r} is not one below a plugin's API")
    return plugin, f"{slash}{rest}" if slash else f"{question}{query}"


def _content(body: Any, content_type: str) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, str):
        return body.encode()
    if "json" in content_type.lower():
        return json.dumps(body, ensure_ascii=False).encode()
    raise InputError("A body that is no text needs a content-type header of JSON")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list)):
        return json.dumps(value)
    return "" if value is None else str(value)
