"""The page a popup ends on: it hands the outcome to the window that opened it. Source: spec/ui-backends.md §3.5.

Everything variable stands percent-encoded inside a text literal, where neither HTML nor JavaScript finds anything to
read, and the page may run this one script and load nothing (CVE-2021-43776).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Response

_SCRIPT = """
const origin = decodeURIComponent('{origin}');
const outcome = JSON.parse(decodeURIComponent('{outcome}'));
const opener = window.opener || window.parent;
opener.postMessage({{ type: 'config_info', targetOrigin: origin }}, '*');
opener.postMessage(outcome, origin);
setTimeout(() => window.close(), 100);
"""


def message_page(origin: str, outcome: Mapping[str, Any], cookies: Iterable[str] = ()) -> Response:
    """`outcome` is `{response}` or `{error: {name, message}}`; only windows of `origin` are given it."""
    message = orjson.dumps({"type": "authorization_response", **outcome}).decode()
    script = _SCRIPT.format(origin=quote(origin, safe=""), outcome=quote(message, safe=""))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = f"<!DOCTYPE html><html><body><script>{script}</script></body></html>"
    response = Response(page, media_type="text/html", headers={"cache-control": "no-store"})
    response.headers["content-security-policy"] = f"script-src 'sha256-{digest}'"
    response.raw_headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies]
    return response
