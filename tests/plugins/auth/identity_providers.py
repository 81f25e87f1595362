"""The identity providers of `peers/`, running, and a browser's part in signing in with them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.reference.npm import installed

PEERS = Path(__file__).parent / "peers"


@contextmanager
def identity_providers(backend: str) -> Iterator[Mapping[str, str]]:
    """Their URLs by name. They know one client, `callboard`, whose callbacks are at this backend."""
    modules = installed(PEERS) / "node_modules"
    process = subprocess.Popen(
        ["node", str(PEERS / "peers.mjs"), backend],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"},
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None and process.stderr is not None
    try:
        for line in process.stdout:
            if line.startswith('{"openid"'):
                yield json.loads(line)
                return
        raise RuntimeError(f"the identity providers did not start:\n{process.stderr.read()[-3000:]}")
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


class Browser:
    """Follows redirects, keeps cookies, fills in forms. One client a site: cookies know no ports. Where it is sent to
    `app`, which nobody serves, it stops."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._sites: dict[str, httpx.Client] = {}

    def site(self, url: str) -> httpx.Client:
        origin = "/".join(url.split("/")[:3])
        if origin not in self._sites:
            self._sites[origin] = httpx.Client(base_url=origin, timeout=20, verify=False)
        return self._sites[origin]

    def close(self) -> None:
        for client in self._sites.values():
            client.close()

    def get(self, url: str, **query: str) -> httpx.Response:
        """The answer to a request and whatever it redirects to."""
        return self._follow(self.site(url).get(url, params=query or None))

    def submit(self, page: httpx.Response, form_of: str = "", **fields: str) -> httpx.Response:
        """The page's first form in which that text stands, filled in."""
        forms = re.findall(r"<form[^>]*>.*?</form>", page.text, re.DOTALL)
        fitting = [form for form in forms if form_of in form]
        action = re.search(r'action="([^"]*)"', fitting[0])
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', fitting[0])
        values = {name: unescape(value) for name, value in hidden} | fields
        url = urljoin(str(page.url), unescape(action[1] if action else ""))
        return self._follow(self.site(url).post(url, data=values))

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(15):
            if answer.status_code not in (301, 302, 303, 307):
                return answer
            url = urljoin(str(answer.url), answer.headers["location"])
            if url.startswith(self._app):
                return answer
            answer = self.site(url).get(url)
        raise AssertionError("too many redirects")


def outcome_of(page: httpx.Response) -> tuple[str, dict[str, Any]]:
    """What a popup page would tell the window that opened it: the origin it is for, and the message."""
    assert page.headers["content-type"].startswith("text/html"), page.text
    encoded = re.findall(r"decodeURIComponent\('([^']*)'\)", page.text)
    origin, message = (httpx.QueryParams(f"x={part}")["x"] for part in encoded)
    return origin, json.loads(message)
